"""Requests that arrive together run as one batch, of which nothing is padded.

While a batch runs, the next one gathers: nobody waits for a clock, and a request that is alone runs
at once. Answers have the same bits in any company.
"""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any


class Batcher:
    """Runs `predict` of a model on lists of sequences, for many who ask.

    steps: the most steps of a batch; a sequence that is longer runs alone.
    """

    def __init__(self, model: Any, steps: int = 20_000):
        self.model, self.steps = model, steps
        self.sizes: list[int] = []  # of the batches so far
        self._waiting: list[tuple[Any, asyncio.Future]] = []
        self._running = False
        self._thread = ThreadPoolExecutor(1, "maskseq")

    async def predict(self, sequence: Any) -> Any:
        """The answer for one sequence. Raises what `predict` raises for it, for nobody else."""
        future = asyncio.get_running_loop().create_future()
        self._waiting.append((sequence, future))
        if not self._running:
            self._running = True
            asyncio.get_running_loop().create_task(self._run())
        return await future

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            while self._waiting:
                batch = self._next()
                sequences = [sequence for sequence, _ in batch]
                answers = await loop.run_in_executor(self._thread, self._answers, sequences)
                for (_, future), answer in zip(batch, answers, strict=True):
                    if future.done():  # whoever asked has gone
                        continue
                    if isinstance(answer, Exception):
                        future.set_exception(answer)
                    else:
                        future.set_result(answer)
        finally:
            self._running = False

    def _next(self) -> list[tuple[Any, asyncio.Future]]:
        """Those who wait, the first first, up to the most steps."""
        count = total = 0
        for sequence, _ in self._waiting:
            total += len(sequence)
            if count and total > self.steps:
                break
            count += 1
        batch, self._waiting = self._waiting[:count], self._waiting[count:]
        return batch

    def _answers(self, sequences: list[Any]) -> list[Any]:
        self.sizes.append(len(sequences))
        try:
            return list(self.model.predict(sequences, ragged=True))
        except Exception as error:
            if len(sequences) == 1:
                return [error]
            return [answer for one in sequences for answer in self._answers([one])]
