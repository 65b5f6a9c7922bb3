//! The program from outside: commands, exit codes, what is on standard output and in the buckets.

mod check;
mod pipe;
mod program;
mod readme;
mod run;
