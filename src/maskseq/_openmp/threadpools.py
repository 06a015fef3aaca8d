"""Shows maskseq's threads to threadpoolctl, if a program uses that: its limits then hold here too.

threadpoolctl is told when it is imported, be it before or after maskseq, which does not import it
itself: that would be a twelfth of what the import of maskseq, a load and a prediction take.
"""

import os
import sys
from threading import get_ident
from typing import Any

from .. import _kernels, runtime

_NAME = "threadpoolctl"


def _register(threadpoolctl: Any) -> None:
    class Controller(threadpoolctl.LibController):
        """The number of threads of this process, as threadpoolctl sees it."""

        user_api = internal_api = "maskseq"
        filename_prefixes = (os.path.basename(_kernels.__file__).lower(),)

        def get_num_threads(self) -> int:
            return runtime.get_num_threads()

        def set_num_threads(self, num_threads: int) -> None:
            runtime.set_num_threads(num_threads)

        def get_version(self) -> str:
            from maskseq import __version__

            return __version__

    threadpoolctl.register(Controller)


class _Registering:
    """The loader of threadpoolctl, which then hears of maskseq and keeps its own loader."""

    def __init__(self, spec: Any):
        self._spec, self._loader = spec, spec.loader

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loader, name)

    def exec_module(self, module: Any) -> None:
        self._spec.loader = module.__loader__ = self._loader
        self._loader.exec_module(module)
        if _expected in sys.meta_path:
            sys.meta_path.remove(_expected)
        _register(module)


class _Expected:
    """A finder of threadpoolctl alone, which it leaves to the others to find."""

    def __init__(self) -> None:
        self._asking: set[int] = set()  # threads; another finder may ask this one in turn

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        if name != _NAME or (thread := get_ident()) in self._asking:
            return None
        self._asking.add(thread)
        try:
            found = (finder.find_spec(name, path, target) for finder in list(sys.meta_path))
            spec: Any = next(filter(None, found), None)
        finally:
            self._asking.discard(thread)
        if spec is not None and spec.loader is not None:
            spec.loader = _Registering(spec)
        return spec


_expected: Any = _Expected()
if _NAME in sys.modules:
    _register(sys.modules[_NAME])
else:
    sys.meta_path.insert(0, _expected)
