"""Answers into standard output, as they come."""

import io
from typing import Any, BinaryIO

from ..given.extras import need
from .block import Answers
from .sink import Format, format_of, table_of
from .standard import standard_output


class Pipe:
    """Lines of JSON or CSV, or an Arrow IPC stream. Arguments: as `sink.format_of`."""

    def __init__(self, kind: str, plain: bool):
        self._kind, self._begun = kind, False
        self._format: Format = format_of(kind, "-", plain)
        self._file: BinaryIO = standard_output()
        self._writer: Any = None

    def write(self, answers: list[Answers]) -> None:
        """Write some answers. Raises: OSError, BrokenPipeError if nobody reads."""
        if self._kind == "arrow":
            for part in answers:
                table = table_of(part)
                if self._writer is None:
                    ipc = need("pyarrow", "writing arrow", "frames").ipc
                    self._writer = ipc.new_stream(self._file, table.schema)
                self._writer.write_table(table.cast(self._writer_schema(table)))
            return
        text = io.BytesIO()
        self._format.part(answers, text)
        found = text.getvalue()
        if self._kind == "csv" and self._begun:
            found = found.partition(b"\n")[2]
        self._begun = True
        self._file.write(found)
        self._file.flush()

    def _writer_schema(self, table: Any) -> Any:
        if not self._begun:
            self._schema, self._begun = table.schema, True
        return self._schema

    def close(self) -> None:
        """Write what ends the stream."""
        if self._writer is not None:
            self._writer.close()
        self._file.flush()
