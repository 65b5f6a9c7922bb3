use std::ops::Range;

use toml::de::{DeTable, DeValue};

/// Ranges of the text in its order, those that touch made one.
#[derive(Debug, Default)]
pub(crate) struct Ranges(Vec<Range<usize>>);

impl Ranges {
    /// Adds a range that does not begin before the last one's beginning, or joins it with that.
    pub(crate) fn push(&mut self, range: Range<usize>) {
        match self.0.last_mut() {
            Some(last) if range.start <= last.end => {
                last.start = last.start.min(range.start);
                last.end = last.end.max(range.end);
            }
            _ => self.0.push(range),
        }
    }

    /// The range that `place` lies in or at the end of.
    pub(crate) fn around(&self, place: usize) -> Option<Range<usize>> {
        let after = self.0.partition_point(|range| range.start <= place);
        let range = self.0.get(after.checked_sub(1)?)?;
        (place <= range.end).then(|| range.clone())
    }
}

/// Where the parser saw values.
#[derive(Debug, Default)]
pub(crate) struct Places {
    /// The outermost lists and inline tables.
    pub containers: Ranges,
    /// All other values, each with whether it lies in one of those.
    scalars: Vec<(Range<usize>, bool)>,
}

impl Places {
    pub(crate) fn new(text: &str, document: &DeTable<'_>) -> Self {
        let mut places = Self::default();
        let mut containers = Vec::new();
        for value in document.values() {
            places.collect(text, value, false, &mut containers);
        }
        containers.sort_by_key(|range: &Range<usize>| range.start);
        containers.into_iter().for_each(|range| places.containers.push(range));
        places.scalars.sort_by_key(|(range, _)| range.start);
        places
    }

    /// The unquoted value that an error at `span` is about. Within a list it has to be about exactly that
    /// value: an error at its beginning may be about a comma before it.
    pub(crate) fn bare_value(&self, text: &str, span: &Range<usize>) -> Option<Range<usize>> {
        let after = self.scalars.partition_point(|(range, _)| range.start <= span.start);
        let (range, inside) = self.scalars.get(after.checked_sub(1)?)?;
        let bare = text.get(range.clone()).is_some_and(|written| !written.starts_with(['"', '\'']));
        let about = if *inside { range == span } else { span.start < range.end };
        (bare && about && !range.is_empty()).then(|| range.clone())
    }

    fn collect(
        &mut self,
        text: &str,
        value: &toml::Spanned<DeValue<'_>>,
        inside: bool,
        containers: &mut Vec<Range<usize>>,
    ) {
        let span = value.span();
        let is_inline = |span: Range<usize>| text.get(span).is_some_and(|written| written.starts_with('{'));
        let mut contain = |contains: bool| {
            if contains && !inside {
                containers.push(span.clone());
            }
            inside || contains
        };
        match value.get_ref() {
            DeValue::Table(table) => {
                let inside = contain(is_inline(span.clone()));
                table.values().for_each(|value| self.collect(text, value, inside, containers));
            }
            DeValue::Array(array) => {
                // `[[name]]` headers make arrays too.
                let headers = array.iter().any(|item| item.get_ref().is_table() && !is_inline(item.span()));
                let inside = contain(!headers);
                array.iter().for_each(|item| self.collect(text, item, inside, containers));
            }
            _ => self.scalars.push((span, inside)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_found_in_its_range() {
        let mut ranges = Ranges::default();
        for range in [2..4, 4..6, 9..12, 10..11] {
            ranges.push(range);
        }
        let around = [1, 2, 5, 6, 7, 9, 12, 13].map(|place| ranges.around(place).map(|range| range.start));
        assert_eq!(around, [None, Some(2), Some(2), Some(2), None, Some(9), Some(9), None]);
    }
}
