use proc_macro2::TokenStream;
use quote::quote;
use syn::ext::IdentExt;
use syn::{Data, DataEnum, DataStruct, DeriveInput, Field, Fields, Type};

use crate::doc;
use crate::serde_attrs::{Container, Member};

/// The impl of `Params` for a type.
pub(crate) fn expand(input: TokenStream) -> syn::Result<TokenStream> {
    let input: DeriveInput = syn::parse2(input)?;
    if let Some(parameter) = input.generics.params.first() {
        return Err(syn::Error::new_spanned(parameter, "params are plain data: a type without generics"));
    }
    let container = Container::read(&input.attrs)?;
    let shape = match (&container.from, &input.data) {
        (Some(from), _) => same_as(from),
        (None, Data::Struct(data)) => structure(&input, data, &container)?,
        (None, Data::Enum(data)) => choice(&input, data, &container)?,
        (None, Data::Union(_)) => {
            return Err(syn::Error::new_spanned(&input.ident, "params are structs and enums, not unions"));
        }
    };
    let ident = &input.ident;
    Ok(quote! {
        impl ::standpipe_sdk::Params for #ident {
            #shape
        }
    })
}

/// The schema of another type, which is what is read.
fn same_as(inner: &Type) -> TokenStream {
    quote! {
        const SCHEMA: ::standpipe_sdk::schema::Node = <#inner as ::standpipe_sdk::Params>::SCHEMA;
        const OPTIONAL: bool = <#inner as ::standpipe_sdk::Params>::OPTIONAL;
    }
}

fn structure(input: &DeriveInput, data: &DataStruct, container: &Container) -> syn::Result<TokenStream> {
    let fields = match &data.fields {
        Fields::Named(fields) => &fields.named,
        Fields::Unnamed(fields) => {
            return match fields.unnamed.first() {
                Some(inner) if fields.unnamed.len() == 1 => {
                    refuse_member_attributes(inner)?;
                    Ok(same_as(&inner.ty))
                }
                _ => Err(syn::Error::new_spanned(fields, "a tuple cannot be described: name its fields")),
            };
        }
        Fields::Unit => {
            return Err(syn::Error::new_spanned(
                &input.ident,
                "a unit struct has no members: write `{}` behind it",
            ));
        }
    };
    if container.transparent {
        return match fields.first() {
            Some(inner) if fields.len() == 1 => Ok(same_as(&inner.ty)),
            _ => Err(syn::Error::new_spanned(fields, "`transparent` stands for one field")),
        };
    }
    let mut members = Vec::new();
    for field in fields {
        members.extend(member(field, container)?);
    }
    let description = doc::comment(&input.attrs);
    let closed = container.deny_unknown_fields;
    Ok(quote! {
        const SCHEMA: ::standpipe_sdk::schema::Node = ::standpipe_sdk::schema::Node::Object {
            description: #description,
            members: &[#(#members),*],
            closed: #closed,
        };
    })
}

/// One member of an object, none for a field that is not read.
fn member(field: &Field, container: &Container) -> syn::Result<Option<TokenStream>> {
    let Some(ident) = &field.ident else { return Ok(None) };
    let attributes = Member::read(&field.attrs)?;
    if attributes.skip {
        return Ok(None);
    }
    let written = ident.unraw().to_string();
    let name = attributes.rename.unwrap_or_else(|| match container.rename_all {
        Some(case) => case.field(&written),
        None => written,
    });
    let description = doc::comment(&field.attrs);
    let ty = &field.ty;
    let defaulted = attributes.default || container.default;
    Ok(Some(quote! {
        ::standpipe_sdk::schema::Member {
            name: #name,
            description: #description,
            required: !#defaulted && !<#ty as ::standpipe_sdk::Params>::OPTIONAL,
            node: &<#ty as ::standpipe_sdk::Params>::SCHEMA,
        }
    }))
}

fn refuse_member_attributes(field: &Field) -> syn::Result<()> {
    match field.attrs.iter().find(|attribute| attribute.path().is_ident("serde")) {
        Some(attribute) => {
            Err(syn::Error::new_spanned(attribute, "the field of a newtype takes no attributes here"))
        }
        None => Ok(()),
    }
}

/// An enum of unit variants: one of some strings.
fn choice(input: &DeriveInput, data: &DataEnum, container: &Container) -> syn::Result<TokenStream> {
    let mut names = Vec::new();
    for variant in &data.variants {
        if !matches!(variant.fields, Fields::Unit) {
            return Err(syn::Error::new_spanned(
                variant,
                "a variant with fields cannot be described: use a struct",
            ));
        }
        let attributes = Member::read(&variant.attrs)?;
        if attributes.skip {
            continue;
        }
        let written = variant.ident.unraw().to_string();
        names.push(attributes.rename.unwrap_or_else(|| match container.rename_all {
            Some(case) => case.variant(&written),
            None => written,
        }));
    }
    if names.is_empty() {
        return Err(syn::Error::new_spanned(&input.ident, "an enum without variants has no values"));
    }
    let description = doc::comment(&input.attrs);
    Ok(quote! {
        const SCHEMA: ::standpipe_sdk::schema::Node = ::standpipe_sdk::schema::Node::OneOf {
            description: #description,
            names: &[#(#names),*],
        };
    })
}
