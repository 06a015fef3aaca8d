"""Shows maskseq's threads to threadpoolctl, if that is installed: its limits then hold here too."""

import os
from typing import Any

import threadpoolctl

from .. import _kernels, runtime


class Controller(threadpoolctl.LibController):
    """The number of threads of this process, as threadpoolctl sees it."""

    user_api = internal_api = "maskseq"
    filename_prefixes = (os.path.basename(_kernels.__file__).lower(),)

    def get_num_threads(self) -> Any:  # an int; the class above says None
        return runtime.get_num_threads()

    def set_num_threads(self, num_threads: int) -> None:
        runtime.set_num_threads(num_threads)

    def get_version(self) -> Any:  # a str
        from maskseq import __version__

        return __version__


threadpoolctl.register(Controller)
