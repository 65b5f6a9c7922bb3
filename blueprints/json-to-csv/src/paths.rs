use std::collections::BTreeMap;
use std::fmt;

use serde::Deserializer;
use serde::de::{DeserializeSeed, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use standpipe_sdk::{Failure, OrFail};

/// Where values lie in an object, all paths in one tree: a record is read once, whatever the number of columns.
#[derive(Debug)]
pub(crate) struct Paths {
    root: Node,
    columns: usize,
}

/// A member on the way to some columns.
#[derive(Debug, Default)]
struct Node {
    /// The columns whose path ends here.
    columns: Vec<usize>,
    members: BTreeMap<String, Node>,
    /// Those members that an array may have.
    numbers: BTreeMap<usize, String>,
}

/// What the columns of a record hold: JSON as it stands in the record.
type Values<'a> = Vec<Option<&'a RawValue>>;

impl Paths {
    pub(crate) fn new(paths: &[String]) -> Result<Self, String> {
        let mut root = Node::default();
        for (column, path) in paths.iter().enumerate() {
            let mut node = &mut root;
            for name in names(path)? {
                if let Some(number) = name.parse().ok().filter(|number: &usize| number.to_string() == name) {
                    node.numbers.insert(number, name.clone());
                }
                node = node.members.entry(name).or_default();
            }
            node.columns.push(column);
        }
        Ok(Self { root, columns: paths.len() })
    }

    /// The values of an object's columns. Of members with one name the last one counts.
    pub(crate) fn find<'a>(&self, record: &'a str) -> Result<Values<'a>, Failure> {
        let object: &RawValue = serde_json::from_str(record).or_fail("not-json")?;
        if !object.get().starts_with('{') {
            return Err(Failure::new("not-json", "the record is not a JSON object"));
        }
        let mut values = vec![None; self.columns];
        self.root.look_into(object, &mut values).or_fail("not-json")?;
        Ok(values)
    }
}

/// The names along a path.
fn names(path: &str) -> Result<Vec<String>, String> {
    if let Some(pointer) = path.strip_prefix('/') {
        return Ok(pointer.split('/').map(|name| name.replace("~1", "/").replace("~0", "~")).collect());
    }
    let names: Vec<String> = path.split('.').map(str::to_owned).collect();
    if names.iter().any(String::is_empty) {
        return Err(format!("`columns` has the path `{path}`, in which a name is empty"));
    }
    Ok(names)
}

impl Node {
    fn look_into<'a>(&self, value: &'a RawValue, values: &mut Values<'a>) -> serde_json::Result<()> {
        // What is neither has no members: the columns below are missing.
        if self.members.is_empty() || !value.get().starts_with(['{', '[']) {
            return Ok(());
        }
        serde_json::Deserializer::from_str(value.get()).deserialize_any(Members { node: self, values })
    }

    fn forget(&self, values: &mut Values<'_>) {
        for column in &self.columns {
            if let Some(value) = values.get_mut(*column) {
                *value = None;
            }
        }
        self.members.values().for_each(|member| member.forget(values));
    }

    fn found<'a>(&self, found: &'a RawValue, values: &mut Values<'a>) -> serde_json::Result<()> {
        self.forget(values);
        for column in &self.columns {
            if let Some(value) = values.get_mut(*column) {
                *value = Some(found);
            }
        }
        self.look_into(found, values)
    }
}

struct Members<'n, 'v, 'a> {
    node: &'n Node,
    values: &'v mut Values<'a>,
}

impl<'a> Visitor<'a> for Members<'_, '_, 'a> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object or an array")
    }

    fn visit_map<M: MapAccess<'a>>(self, mut map: M) -> Result<(), M::Error> {
        while let Some(member) = map.next_key_seed(Name(self.node))? {
            match member {
                Some(node) => node.found(map.next_value()?, self.values).map_err(M::Error::custom)?,
                None => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(())
    }

    fn visit_seq<S: SeqAccess<'a>>(self, mut list: S) -> Result<(), S::Error> {
        for number in 0usize.. {
            let Some(element) = list.next_element()? else { break };
            let name = self.node.numbers.get(&number);
            if let Some(node) = name.and_then(|name| self.node.members.get(name)) {
                node.found(element, self.values).map_err(S::Error::custom)?;
            }
        }
        Ok(())
    }
}

/// Looks a name up without keeping it.
struct Name<'n>(&'n Node);

impl<'n, 'a> DeserializeSeed<'a> for Name<'n> {
    type Value = Option<&'n Node>;

    fn deserialize<D: Deserializer<'a>>(self, name: D) -> Result<Self::Value, D::Error> {
        name.deserialize_str(self)
    }
}

impl<'n> Visitor<'_> for Name<'n> {
    type Value = Option<&'n Node>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_str<E>(self, name: &str) -> Result<Self::Value, E> {
        Ok(self.0.members.get(name))
    }
}
