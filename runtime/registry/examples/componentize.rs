//! Makes a component of a core module that carries the plugin contract.
//!
//! `cargo run -p standpipe-registry --example componentize -- IN.wasm OUT.wasm`

use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<_> = std::env::args_os().skip(1).collect();
    let [input, output] = arguments.as_slice() else { return Err("usage: componentize IN OUT".into()) };
    let module = std::fs::read(input)?;
    std::fs::write(output, standpipe_registry::componentize(&module)?)?;
    Ok(())
}
