//! The macros of `standpipe-sdk`, which re-exports them: authors do not name this crate.
//!
//! - `#[plugin]` turns one function into a plugin: it writes the type `Plugin`, its manifest and, when the crate
//!   is compiled to wasm, the exports of the plugin contract.
//! - `#[derive(Params)]` describes a type as a JSON Schema in a constant. It reads the same `#[serde(…)]`
//!   attributes as serde's derive and refuses those that it cannot put into a schema, so that the schema never
//!   says something else than what is deserialised.
//!
//! Both only write code against `standpipe_sdk`. Nothing is read from files or the environment, and nothing of
//! the author's function is changed.

mod case;
mod doc;
mod params;
mod plugin;
mod serde_attrs;
#[cfg(test)]
mod tests;

use proc_macro::TokenStream;

/// Makes a plugin of a function.
///
/// ```text
/// #[standpipe_sdk::plugin(columns("kafka-key"), metrics("emitted"))]
/// fn zones(record: Record<'_>, settings: &Settings, out: &mut Outputs) -> Result<Verdict, Failure>
/// ```
///
/// The settings may be left out. `columns` are the input columns that the plugin asks for, `metrics` the names
/// that it passes to `count`; `name` and `version` replace those of the cargo package.
#[proc_macro_attribute]
pub fn plugin(options: TokenStream, function: TokenStream) -> TokenStream {
    plugin::expand(options.into(), function.into()).unwrap_or_else(syn::Error::into_compile_error).into()
}

/// Describes a type that is read from a plugin's `params` as a JSON Schema. Doc comments become descriptions.
///
/// It stands beside `serde::Deserialize` and follows `rename`, `rename_all`, `default`, `deny_unknown_fields`,
/// `skip`, `transparent`, `from` and `try_from`. Attributes that a schema cannot follow are compile errors.
#[proc_macro_derive(Params, attributes(serde))]
pub fn params(input: TokenStream) -> TokenStream {
    params::expand(input.into()).unwrap_or_else(syn::Error::into_compile_error).into()
}
