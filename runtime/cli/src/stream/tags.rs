use std::process::ExitCode;

use serde_json::{Value, json};

use super::client::Client;
use super::problem::Problem;
use super::refusal::Refusal;
use super::text::{plain, print_json, print_rows, quoted};
use crate::args::stream::Tags;
use crate::show;

pub(super) async fn tags(client: &Client, args: &Tags) -> Result<ExitCode, Problem> {
    let Tags { name, set, remove, json } = args;
    if set.is_empty() && remove.is_empty() {
        let tags = all(client, name).await?;
        if *json {
            print_json(&json!({ "Tags": tags }))?;
        } else if tags.is_empty() {
            show::line(&format!("{} has no tags", quoted(name)));
        } else {
            let rows: Vec<Vec<String>> = tags.iter().map(|tag| pair(tag).to_vec()).collect();
            print_rows(&rows)?;
        }
        return Ok(ExitCode::SUCCESS);
    }
    if !remove.is_empty() {
        let input = json!({ "DeliveryStreamName": name, "TagKeys": remove });
        client.call("UntagDeliveryStream", &input).await?;
    }
    if !set.is_empty() {
        let input = json!({ "DeliveryStreamName": name, "Tags": input(set) });
        client.call("TagDeliveryStream", &input).await?;
    }
    let (set, removed) = (show::count(set.len() as u64, "tag"), remove.len());
    show::line(&format!("{}: {set} set, {removed} removed", plain(name)));
    Ok(ExitCode::SUCCESS)
}

/// Tags as the service takes them.
pub(super) fn input(tags: &[(String, String)]) -> Value {
    tags.iter().map(|(key, value)| json!({ "Key": key, "Value": value })).collect()
}

/// All tags of a stream.
pub(super) async fn all(client: &Client, name: &str) -> Result<Vec<Value>, Refusal> {
    let mut tags: Vec<Value> = Vec::new();
    loop {
        let mut input = json!({ "DeliveryStreamName": name, "Limit": 50 });
        if let (Some(input), Some(last)) = (input.as_object_mut(), tags.last().and_then(|tag| tag.get("Key")))
        {
            input.insert("ExclusiveStartTagKey".into(), last.clone());
        }
        let answer = client.call("ListTagsForDeliveryStream", &input).await?;
        let page = answer.get("Tags").and_then(Value::as_array);
        let page = page.ok_or_else(|| Refusal::senseless("the answer has no `Tags`"))?;
        tags.extend(page.iter().cloned());
        let more = answer.get("HasMoreTags").and_then(Value::as_bool).unwrap_or_default();
        if !more || page.is_empty() {
            return Ok(tags);
        }
    }
}

/// Key and value of a tag, for a person.
pub(super) fn pair(tag: &Value) -> [String; 2] {
    ["Key", "Value"].map(|member| tag.get(member).and_then(Value::as_str).map(plain).unwrap_or_default())
}
