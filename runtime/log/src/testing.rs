//! A disk in memory for tests.
