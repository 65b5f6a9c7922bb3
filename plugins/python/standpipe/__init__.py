"""Write Standpipe plugins in Python: one function from a record to its outputs.

    from standpipe import Failure, count, log

    def transform(record, params, out):
        out.emit(record.text.upper())

In the file `plugin.py`, `standpipe plugin build` makes a component of it. `standpipe.testing` runs the
same function natively. A plugin may also define `init(params, context)`: it is called once for each
instance, and what it returns is given to `transform` in place of the parsed params.

Every record is emitted, dropped or failed. A record is whole: if it is dropped or fails after it emitted,
its outputs are taken back.
"""

from ._failure import Failure
from ._host import count, log
from ._outputs import Outputs
from ._record import Record

__all__ = ["Failure", "Outputs", "Record", "count", "log"]
