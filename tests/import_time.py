"""Prints how long `import maskseq` takes beyond NumPy, the best of some; fails above 60 ms."""

import subprocess
import sys

CODE = """
import time, numpy
start = time.perf_counter()
import maskseq
print(time.perf_counter() - start)
"""
LIMIT_S = 0.06

seconds = [float(subprocess.check_output([sys.executable, "-c", CODE])) for _ in range(7)]
print(f"import maskseq: {min(seconds) * 1e3:.0f} ms beyond NumPy")
sys.exit(min(seconds) > LIMIT_S)
