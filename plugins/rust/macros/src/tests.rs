//! What the macros refuse. What they write is tested where it is used, in the SDK.

use proc_macro2::TokenStream;
use quote::quote;

fn params(input: TokenStream) -> String {
    crate::params::expand(input).unwrap_err().to_string()
}

fn plugin(options: TokenStream, function: TokenStream) -> String {
    crate::plugin::expand(options, function).unwrap_err().to_string()
}

#[test]
fn settings_that_a_schema_cannot_describe_are_refused() {
    for (attribute, advice) in [
        (quote!(flatten), "write the members out"),
        (quote!(alias = "b"), "use one name"),
        (quote!(with = "hex"), "give the field a type with its own `Deserialize` and `Params`"),
        (quote!(deserialize_with = "hex"), "give the field a type with its own `Deserialize` and `Params`"),
        (quote!(borrow), "leave it out"),
    ] {
        let message = params(quote!(
            struct S {
                #[serde(default, #attribute)]
                a: u8,
            }
        ));
        let name = attribute.to_string();
        let name = name.split(' ').next().unwrap();
        assert_eq!(message, format!("`{name}` cannot be described in a JSON Schema: {advice}"));
    }
    for attribute in [quote!(tag = "kind"), quote!(untagged), quote!(rename_all_fields = "kebab-case")] {
        let message = params(quote!(
            #[serde(#attribute)]
            enum E {
                A,
            }
        ));
        assert!(message.ends_with("cannot be described in a JSON Schema: use unit variants"), "{message}");
    }
}

#[test]
fn shapes_that_a_schema_cannot_describe_are_refused() {
    for (input, message) in [
        (
            quote!(
                struct S<T> {
                    a: T,
                }
            ),
            "params are plain data: a type without generics",
        ),
        (
            quote!(
                struct S<'a> {
                    a: &'a str,
                }
            ),
            "params are plain data: a type without generics",
        ),
        (
            quote!(
                struct S;
            ),
            "a unit struct has no members: write `{}` behind it",
        ),
        (
            quote!(
                struct S(u8, u8);
            ),
            "a tuple cannot be described: name its fields",
        ),
        (
            quote!(
                struct S(#[serde(with = "hex")] u8);
            ),
            "the field of a newtype takes no attributes here",
        ),
        (
            quote!(
                #[serde(transparent)]
                struct S {
                    a: u8,
                    b: u8,
                }
            ),
            "`transparent` stands for one field",
        ),
        (
            quote!(
                enum E {
                    A,
                    B(u8),
                }
            ),
            "a variant with fields cannot be described: use a struct",
        ),
        (
            quote!(
                enum E {}
            ),
            "an enum without variants has no values",
        ),
        (quote!(union U { a: u8 }), "params are structs and enums, not unions"),
        (
            quote!(
                #[serde(rename_all = "Title Case")]
                struct S {
                    a: u8,
                }
            ),
            "`Title Case` is not a rule of serde's `rename_all`",
        ),
    ] {
        assert_eq!(params(input), message);
    }
}

#[test]
fn functions_that_are_no_plugin_are_refused() {
    let takes = "a plugin takes `(record: Record<'_>, settings: &Settings, out: &mut Outputs)`; the settings may be \
                 left out";
    for (function, message) in [
        (
            quote!(
                fn f() {}
            ),
            takes,
        ),
        (
            quote!(
                fn f(a: A, b: &B, c: C, d: D) {}
            ),
            takes,
        ),
        (
            quote!(
                async fn f(a: A, b: B) {}
            ),
            "a plugin is not async: it gets a record and answers",
        ),
        (
            quote!(
                fn f<T>(a: A, b: B) {}
            ),
            "a plugin has no type parameters",
        ),
        (
            quote!(
                fn f(a: A, b: B, c: C) {}
            ),
            "the settings are passed by shared reference: `&Settings`",
        ),
        (
            quote!(
                fn f(a: A, b: &mut B, c: C) {}
            ),
            "the settings are passed by shared reference: `&Settings`",
        ),
    ] {
        assert_eq!(plugin(quote!(), function), message);
    }
}

#[test]
fn options_that_the_contract_refuses_are_refused() {
    let long = "n".repeat(65);
    let many: Vec<String> = (0..65).map(|number| format!("m{number}")).collect();
    let metric = "a metric's name matches `[a-z][a-z0-9_]*` and has at most 64 bytes";
    for (options, message) in [
        (quote!(metrics("Added")), metric),
        (quote!(metrics("")), metric),
        (quote!(metrics("9_lives")), metric),
        (quote!(metrics(#long)), metric),
        (quote!(metrics(#(#many),*)), "65 metrics; the limit is 64"),
        (quote!(metrics("a", "b", "a")), "the metric `a` is named twice"),
        (quote!(columns("k", "k")), "the column `k` is named twice"),
        (quote!(name = #long), "the name has 65 bytes; the limit is 64"),
        (quote!(params = "x"), "the options are `name`, `version`, `columns(…)` and `metrics(…)`"),
    ] {
        assert_eq!(
            plugin(
                options,
                quote!(
                    fn f(record: Record<'_>, out: &mut Outputs) {}
                )
            ),
            message
        );
    }
}
