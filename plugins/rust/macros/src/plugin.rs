use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::meta::ParseNestedMeta;
use syn::parse::Parser;
use syn::punctuated::Punctuated;
use syn::spanned::Spanned;
use syn::{FnArg, ItemFn, LitStr, Token, Type};

/// The contract's limits: a plugin's name, a metric's name, how many metrics.
const MAX_NAME_BYTES: usize = 64;
const MAX_METRICS: usize = 64;

/// What stands in the attribute's parentheses.
#[derive(Default)]
struct Options {
    name: Option<LitStr>,
    version: Option<LitStr>,
    columns: Vec<LitStr>,
    metrics: Vec<LitStr>,
}

/// The function as it was, and the plugin beside it.
pub(crate) fn expand(options: TokenStream, function: TokenStream) -> syn::Result<TokenStream> {
    let options = Options::parse(options)?;
    let function: ItemFn = syn::parse2(function)?;
    let settings = settings(&function)?;
    let name = &function.sig.ident;
    // A wrong type is reported where the author wrote it, not at the attribute.
    let span = function.sig.inputs.span();
    let (params, field, new, call) = match &settings {
        Some(settings) => (
            quote!(#settings),
            quote!(settings: #settings),
            quote!(Self { settings }),
            quote_spanned!(span => #name(record, &self.settings, out)),
        ),
        None => (
            quote!(::standpipe_sdk::schema::NoParams),
            quote!(),
            quote!({
                let ::standpipe_sdk::schema::NoParams {} = settings;
                Self {}
            }),
            quote_spanned!(span => #name(record, out)),
        ),
    };
    let package = options.name.map_or_else(|| quote!(env!("CARGO_PKG_NAME")), |name| quote!(#name));
    let version =
        options.version.map_or_else(|| quote!(env!("CARGO_PKG_VERSION")), |version| quote!(#version));
    let (columns, metrics) = (&options.columns, &options.metrics);
    Ok(quote! {
        #function

        /// The plugin of this crate: what the host runs and what `standpipe_sdk::testing` runs natively.
        pub struct Plugin {
            #field
        }

        impl ::core::fmt::Debug for Plugin {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                f.write_str("Plugin")
            }
        }

        impl ::standpipe_sdk::Transform for Plugin {
            const MANIFEST: ::standpipe_sdk::Manifest = ::standpipe_sdk::Manifest {
                name: #package,
                version: #version,
                params: &<#params as ::standpipe_sdk::Params>::SCHEMA,
                columns: &[#(#columns),*],
                metrics: &[#(#metrics),*],
            };

            fn new(params: &str) -> ::core::result::Result<Self, ::standpipe_sdk::Failure> {
                ::standpipe_sdk::__private::settings::<#params>(params).map(|settings| #new)
            }

            #[inline]
            fn transform(
                &self,
                record: ::standpipe_sdk::Record<'_>,
                out: &mut ::standpipe_sdk::Outputs,
            ) -> ::core::result::Result<::standpipe_sdk::Verdict, ::standpipe_sdk::Failure> {
                #call
            }
        }

        ::standpipe_sdk::__export!(Plugin);
    })
}

/// The type of the settings, if the function takes any.
fn settings(function: &ItemFn) -> syn::Result<Option<&Type>> {
    let signature = &function.sig;
    if let Some(asyncness) = &signature.asyncness {
        return Err(syn::Error::new_spanned(
            asyncness,
            "a plugin is not async: it gets a record and answers",
        ));
    }
    if let Some(parameter) = signature.generics.type_params().next() {
        return Err(syn::Error::new_spanned(parameter, "a plugin has no type parameters"));
    }
    let inputs: Vec<&FnArg> = signature.inputs.iter().collect();
    let settings = match inputs.as_slice() {
        [_record, _out] => return Ok(None),
        [_record, settings, _out] => settings,
        _ => {
            let message = "a plugin takes `(record: Record<'_>, settings: &Settings, out: &mut Outputs)`; the \
                           settings may be left out";
            return Err(syn::Error::new_spanned(&signature.ident, message));
        }
    };
    match settings {
        FnArg::Typed(argument) => match argument.ty.as_ref() {
            Type::Reference(reference) if reference.mutability.is_none() => Ok(Some(&reference.elem)),
            other => Err(syn::Error::new_spanned(
                other,
                "the settings are passed by shared reference: `&Settings`",
            )),
        },
        FnArg::Receiver(receiver) => Err(syn::Error::new_spanned(receiver, "a plugin is a free function")),
    }
}

impl Options {
    fn parse(tokens: TokenStream) -> syn::Result<Self> {
        let mut options = Self::default();
        let parser = syn::meta::parser(|meta| {
            if meta.path.is_ident("name") {
                options.name = Some(meta.value()?.parse()?);
            } else if meta.path.is_ident("version") {
                options.version = Some(meta.value()?.parse()?);
            } else if meta.path.is_ident("columns") {
                options.columns = strings(&meta)?;
            } else if meta.path.is_ident("metrics") {
                options.metrics = strings(&meta)?;
            } else {
                return Err(meta.error("the options are `name`, `version`, `columns(…)` and `metrics(…)`"));
            }
            Ok(())
        });
        parser.parse2(tokens)?;
        options.check()?;
        Ok(options)
    }

    fn check(&self) -> syn::Result<()> {
        if let Some(name) = self.name.as_ref().filter(|name| name.value().len() > MAX_NAME_BYTES) {
            let bytes = name.value().len();
            let message = format!("the name has {bytes} bytes; the limit is {MAX_NAME_BYTES}");
            return Err(syn::Error::new(name.span(), message));
        }
        if let Some(extra) = self.metrics.get(MAX_METRICS) {
            let message = format!("{} metrics; the limit is {MAX_METRICS}", self.metrics.len());
            return Err(syn::Error::new(extra.span(), message));
        }
        for (names, what) in [(&self.columns, "column"), (&self.metrics, "metric")] {
            for (index, name) in names.iter().enumerate() {
                if names.iter().take(index).any(|earlier| earlier.value() == name.value()) {
                    let message = format!("the {what} `{}` is named twice", name.value());
                    return Err(syn::Error::new(name.span(), message));
                }
            }
        }
        self.metrics.iter().try_for_each(|metric| check_metric(&metric.value(), metric.span()))
    }
}

fn check_metric(name: &str, span: Span) -> syn::Result<()> {
    let mut letters = name.bytes();
    let starts = letters.next().is_some_and(|first| first.is_ascii_lowercase());
    let goes_on = letters.all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
    if starts && goes_on && name.len() <= MAX_NAME_BYTES {
        return Ok(());
    }
    let message = format!("a metric's name matches `[a-z][a-z0-9_]*` and has at most {MAX_NAME_BYTES} bytes");
    Err(syn::Error::new(span, message))
}

/// The strings in `key("…", "…")`.
fn strings(meta: &ParseNestedMeta<'_>) -> syn::Result<Vec<LitStr>> {
    let content;
    syn::parenthesized!(content in meta.input);
    Ok(Punctuated::<LitStr, Token![,]>::parse_terminated(&content)?.into_iter().collect())
}
