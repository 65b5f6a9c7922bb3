use quote::ToTokens;
use syn::meta::ParseNestedMeta;
use syn::{Attribute, LitStr, Token, Type};

use crate::case::Case;

/// What serde is told about a whole type.
#[derive(Default)]
pub(crate) struct Container {
    pub(crate) rename_all: Option<Case>,
    pub(crate) default: bool,
    pub(crate) deny_unknown_fields: bool,
    pub(crate) transparent: bool,
    /// The type of `from` or `try_from`, which is what is read.
    pub(crate) from: Option<Type>,
}

/// What serde is told about a field or a variant.
#[derive(Default)]
pub(crate) struct Member {
    pub(crate) rename: Option<String>,
    pub(crate) default: bool,
    pub(crate) skip: bool,
}

impl Container {
    pub(crate) fn read(attributes: &[Attribute]) -> syn::Result<Self> {
        let mut found = Self::default();
        each(attributes, |meta| {
            match name(&meta).as_str() {
                "rename_all" => {
                    if let Some(rule) = for_deserialize(&meta)? {
                        found.rename_all = Some(Case::parse(&rule)?);
                    }
                }
                "default" => {
                    found.default = true;
                    skip_value(&meta)?;
                }
                "deny_unknown_fields" => found.deny_unknown_fields = true,
                "transparent" => found.transparent = true,
                "from" | "try_from" => found.from = Some(meta.value()?.parse::<LitStr>()?.parse()?),
                // None of these changes what is read.
                "rename" | "into" | "bound" | "crate" | "expecting" => skip_value(&meta)?,
                _ => return Err(refused(&meta)),
            }
            Ok(())
        })?;
        Ok(found)
    }
}

impl Member {
    pub(crate) fn read(attributes: &[Attribute]) -> syn::Result<Self> {
        let mut found = Self::default();
        each(attributes, |meta| {
            match name(&meta).as_str() {
                "rename" => {
                    if let Some(name) = for_deserialize(&meta)? {
                        found.rename = Some(name.value());
                    }
                }
                "default" => {
                    found.default = true;
                    skip_value(&meta)?;
                }
                "skip" | "skip_deserializing" => found.skip = true,
                "skip_serializing" | "skip_serializing_if" | "serialize_with" | "getter" | "bound" => {
                    skip_value(&meta)?;
                }
                _ => return Err(refused(&meta)),
            }
            Ok(())
        })?;
        Ok(found)
    }
}

fn each(
    attributes: &[Attribute],
    mut read: impl FnMut(ParseNestedMeta<'_>) -> syn::Result<()>,
) -> syn::Result<()> {
    attributes
        .iter()
        .filter(|attribute| attribute.path().is_ident("serde"))
        .try_for_each(|attribute| attribute.parse_nested_meta(&mut read))
}

fn name(meta: &ParseNestedMeta<'_>) -> String {
    meta.path.to_token_stream().to_string()
}

/// The value of `key = "…"`, or the deserialize half of `key(serialize = "…", deserialize = "…")`.
fn for_deserialize(meta: &ParseNestedMeta<'_>) -> syn::Result<Option<LitStr>> {
    if meta.input.peek(Token![=]) {
        return meta.value()?.parse().map(Some);
    }
    let mut found = None;
    meta.parse_nested_meta(|half| {
        let text: LitStr = half.value()?.parse()?;
        if half.path.is_ident("deserialize") {
            found = Some(text);
        }
        Ok(())
    })?;
    Ok(found)
}

/// Reads over `= …` or `(…)`, if there is one.
fn skip_value(meta: &ParseNestedMeta<'_>) -> syn::Result<()> {
    if meta.input.peek(Token![=]) {
        meta.value()?.parse::<syn::Expr>()?;
    } else if meta.input.peek(syn::token::Paren) {
        meta.parse_nested_meta(|half| skip_value(&half))?;
    }
    Ok(())
}

fn refused(meta: &ParseNestedMeta<'_>) -> syn::Error {
    let name = name(meta);
    let advice = match name.as_str() {
        "flatten" => "write the members out",
        "alias" => "use one name",
        "tag" | "untagged" | "content" | "other" | "rename_all_fields" => "use unit variants",
        "with" | "deserialize_with" => "give the field a type with its own `Deserialize` and `Params`",
        _ => "leave it out",
    };
    meta.error(format!("`{name}` cannot be described in a JSON Schema: {advice}"))
}
