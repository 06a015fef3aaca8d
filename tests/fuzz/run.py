"""Fuzzes a file reader with atheris, from the committed corpus.

usage: python -m tests.fuzz.run TARGET FOLDER [FLAG ...]
TARGET: hdf5 archive config data safetensors torch

New inputs go to FOLDER/corpus, a finding to FOLDER; then it ends with a status that is not 0. The
flags are libFuzzer's, as -max_total_time=60. To keep what a run found:
run TARGET NEW -merge=1 FOLDER/corpus, then run TARGET NEW -keep.
"""

import sys
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["maskseq.importers", "maskseq.data.files", "zipfile"]):
    from tests.fuzz import targets
from tests.fuzz import mutate

FLAGS = ["-timeout=10", "-rss_limit_mb=1500", "-max_len=70000", "-print_final_stats=1"]
# Comparing values, it would find the checksums of wrong bytes; what they let through is checked.
FLAGS += ["-use_cmp=0"]


def main() -> None:
    target, folder, *flags = sys.argv[1], Path(sys.argv[2]), *sys.argv[3:]
    corpus = folder / "corpus"
    corpus.mkdir(parents=True, exist_ok=True)
    if flags == ["-keep"]:
        targets.keep(target, corpus)
        return
    if not any(flag.startswith("-merge") for flag in flags):
        for name, seed in targets.seeds(target).items():
            (corpus / name).write_bytes(seed)
    mutation = mutate.MUTATIONS[target]
    command = f"{sys.executable} -m tests.fuzz.run {target} {folder}"  # -merge starts it again
    atheris.Setup(
        [command, *FLAGS, f"-artifact_prefix={folder}/", str(corpus), *flags],
        lambda data: targets.check(target, data),
        custom_mutator=lambda data, size, seed: mutation(data, size, seed, atheris.Mutate),
    )
    atheris.Fuzz()


if __name__ == "__main__":
    main()
