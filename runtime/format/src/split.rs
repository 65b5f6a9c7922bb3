//! Source records that hold several records, taken apart.
