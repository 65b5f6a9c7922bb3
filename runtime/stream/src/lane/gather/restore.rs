//! Parcels that entries kept, under the config of now.

use std::borrow::Cow;
use std::sync::Arc;

use standpipe_format::{PROCESSING_FAILED, Prefix, Role as PrefixRole};

use crate::Plan;
use crate::entry::{Carry, Role};
use crate::parcel::{Of, Parcel};
use crate::parcels::{Parcels, name_of};

/// Puts back what was open. A partition whose keys are not those of now is sealed at the next cut, under the prefix that
/// it was opened under; to any other whatever was changed applies.
pub(super) fn parcels(plan: &Plan, open: Vec<Carry>, next_parcel: u64) -> Parcels {
    let active = plan.partitions.as_ref().map(|partitions| Arc::clone(&partitions.active));
    let mut parcels = Parcels::new(next_parcel, active);
    for carry in open {
        let (of, is_foreign) = of(plan, &carry);
        let (parcel, name) = (Parcel::restore(&carry, of.clone()), name_of(&of));
        let is_full = parcel.bytes() >= plan.outlet(of.role()).size;
        if is_foreign || is_full || parcels.find(&name).is_some() {
            parcels.put_full(parcel);
            continue;
        }
        if carry.role == Role::Destination {
            // It was open before the limit was what it is now.
            parcels.admit_anyway(&name);
        }
        parcels.put(&name, parcel);
    }
    parcels
}

/// What a parcel is for, and whether under other keys than those of now.
fn of(plan: &Plan, carry: &Carry) -> (Of, bool) {
    let group = carry.group.clone().unwrap_or_default();
    match carry.role {
        Role::Backup => return (Of::Backup, plan.backup.is_none()),
        Role::ErrorOutput => {
            let error_type = group.error_type.map_or(Cow::Borrowed(PROCESSING_FAILED), Cow::Owned);
            return (Of::Errors(error_type), false);
        }
        Role::Destination => {}
    }
    let now = plan.destination.prefix();
    let opened = group.prefix.and_then(|text| Prefix::parse(&text, PrefixRole::Destination).ok());
    let Some(opened) = opened else {
        // Of before there were keys.
        let is_foreign = !now.keys().is_empty();
        return (Of::Partition { values: group.values, prefix: None }, is_foreign);
    };
    let value = |key| {
        let at = opened.keys().iter().position(|opened| opened == key)?;
        group.values.get(at).cloned()
    };
    let values: Option<Vec<String>> = now.keys().iter().map(value).collect();
    if let Some(values) = values.filter(|values| values.len() == opened.keys().len()) {
        let bytes: Vec<&[u8]> = values.iter().map(String::as_bytes).collect();
        if now.check(&bytes).is_ok() {
            return (Of::Partition { values, prefix: None }, false);
        }
    }
    (Of::Partition { values: group.values, prefix: Some(Box::new(opened)) }, true)
}
