use syn::{Attribute, Expr, ExprLit, Lit, Meta};

/// The doc comment among `attributes` as running text, one blank line between paragraphs. Empty without one.
pub(crate) fn comment(attributes: &[Attribute]) -> String {
    let written: Vec<String> = attributes.iter().filter_map(line).collect();
    let mut text = String::new();
    let mut between = "";
    for line in written.join("\n").lines().map(str::trim) {
        if line.is_empty() {
            between = if text.is_empty() { "" } else { "\n\n" };
            continue;
        }
        text.push_str(between);
        text.push_str(line);
        between = " ";
    }
    text
}

/// `/// line`, which the compiler hands over as `#[doc = " line"]`.
fn line(attribute: &Attribute) -> Option<String> {
    match &attribute.meta {
        Meta::NameValue(pair) if pair.path.is_ident("doc") => match &pair.value {
            Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Some(text.value()),
            _ => None,
        },
        _ => None,
    }
}
