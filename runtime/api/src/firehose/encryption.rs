use super::{Asked, EMPTY, text};
use crate::destination;
use crate::fault::Fault;
use crate::model;

/// `StartDeliveryStreamEncryption`: refused, since nothing would be encrypted.
pub(super) fn start(asked: &Asked<'_>) -> Result<Vec<u8>, Fault> {
    let input = model::read("StartDeliveryStreamEncryptionInput", &asked.call.body)?;
    let name = text(&input, "DeliveryStreamName");
    asked.authorize("StartDeliveryStreamEncryption", Some(name))?;
    asked.begin("StartDeliveryStreamEncryption", name)?.made(name)?;
    Err(destination::encryption("StartDeliveryStreamEncryption"))
}

/// `StopDeliveryStreamEncryption`: nothing is encrypted, so it is done.
pub(super) fn stop(asked: &Asked<'_>) -> Result<Vec<u8>, Fault> {
    let input = model::read("StopDeliveryStreamEncryptionInput", &asked.call.body)?;
    let name = text(&input, "DeliveryStreamName");
    asked.authorize("StopDeliveryStreamEncryption", Some(name))?;
    let change = asked.begin("StopDeliveryStreamEncryption", name)?;
    change.settled(name, &change.made(name)?)?;
    Ok(EMPTY.to_vec())
}
