use std::ops::Range;

/// A value and the bytes of the file that say it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spanned<T> {
    /// The value.
    pub value: T,
    /// Where it stands: byte offsets into the text of the file.
    pub span: Range<usize>,
}

impl<T> Spanned<T> {
    /// `value`, said at `span`.
    pub fn new(value: T, span: Range<usize>) -> Self {
        Self { value, span }
    }

    /// The same place with another value.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Spanned<U> {
        Spanned { value: change(self.value), span: self.span }
    }
}

impl Spanned<String> {
    /// Where the bytes `part` of this value stand in `text`, the text of the file. The whole value where
    /// escapes make the two differ.
    pub fn within(&self, text: &str, part: Range<usize>) -> Range<usize> {
        let written = text.get(self.span.clone()).unwrap_or_default();
        match written.find(&self.value) {
            Some(quote) if part.end <= self.value.len() => {
                let start = self.span.start + quote;
                start + part.start..start + part.end
            }
            _ => self.span.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_found_behind_the_quote_and_an_escaped_value_is_taken_whole() {
        let text = r#"prefix = "a/!{x}/" "#;
        let value = Spanned::new("a/!{x}/".to_owned(), 9..18);
        assert_eq!(text.get(value.within(text, 2..6)), Some("!{x}"));
        assert_eq!(value.within(text, 2..60), 9..18);
        let escaped = r#"prefix = "a\u002f!{x}/" "#;
        assert_eq!(Spanned::new("a/!{x}/".to_owned(), 9..23).within(escaped, 2..6), 9..23);
    }
}
