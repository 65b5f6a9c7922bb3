//! Functions of WASI that have nothing to give, answered by the type of their result: an error where there can be one,
//! none where there is an option, an empty list. What has no such answer ends the call.

use wasmtime::StoreContextMut;
use wasmtime::component::types::{ComponentFunc, Type};
use wasmtime::component::{LinkerInstance, ResourceDynamic, ResourceType, Val};

use super::Missing;
use super::give::numbered;
use crate::state::State;

/// The errors that say best that something is not to be had, the first of them that the type has.
const ERRORS: [&str; 5] = ["access-denied", "access", "not-permitted", "unsupported", "not-supported"];

/// Links the function `name` of `interface`.
pub(super) fn function(
    to: &mut LinkerInstance<'_, State>,
    interface: &str,
    name: &str,
) -> wasmtime::Result<()> {
    let called = format!("{interface}#{name}");
    to.func_new(name, move |mut store, ty: ComponentFunc, _, results| {
        for (result, ty) in results.iter_mut().zip(ty.results()) {
            *result = match answer(&mut store, &ty)? {
                Some(answer) => answer,
                None => return Err(Missing(format!("it called `{called}`, which no plugin has")).into()),
            };
        }
        Ok(())
    })
}

fn answer(store: &mut StoreContextMut<'_, State>, ty: &Type) -> wasmtime::Result<Option<Val>> {
    Ok(Some(match ty {
        Type::List(_) => Val::List(Vec::new()),
        Type::Option(_) => Val::Option(None),
        Type::Bool => Val::Bool(false),
        Type::Result(result) => {
            let error = match result.err() {
                None => None,
                Some(Type::Enum(error)) => {
                    let known = ERRORS.into_iter().find(|known| error.names().any(|name| name == *known));
                    let Some(name) = known.or_else(|| error.names().next()) else { return Ok(None) };
                    Some(Box::new(Val::Enum(name.to_owned())))
                }
                // The error of a stream: it is closed.
                Some(Type::Variant(error)) => {
                    let Some(case) = error.cases().find(|case| case.ty.is_none()) else { return Ok(None) };
                    Some(Box::new(Val::Variant(case.name.to_owned(), None)))
                }
                Some(_) => return Ok(None),
            };
            Val::Result(Err(error))
        }
        // The network that refuses.
        Type::Own(resource) if *resource == ResourceType::host_dynamic(numbered("network")) => {
            store.data_mut().wasi.hold()?;
            let network = ResourceDynamic::new_own(0, numbered("network"));
            Val::Resource(network.try_into_resource_any(&mut *store)?)
        }
        _ => return Ok(None),
    }))
}
