/// `text` for a message: in backticks, control characters escaped, cut short.
pub(crate) fn quoted(text: &str) -> String {
    const MOST: usize = 80;
    let mut characters = text.chars();
    let shown: String = characters.by_ref().take(MOST).flat_map(char::escape_debug).collect();
    let more = if characters.next().is_some() { "…" } else { "" };
    format!("`{shown}{more}`")
}
