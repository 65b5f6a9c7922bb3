use syn::{Attribute, Expr, ExprLit, Lit, Meta};

/// The doc comment among `attributes` as running text, one blank line between paragraphs. Empty without one.
pub(crate) fn comment(attributes: &[Attribute]) -> String {
    let mut text = String::new();
    let mut paragraph_ended = false;
    for line in attributes
        .iter()
        .filter_map(line)
        .flat_map(|lines| lines.lines().map(str::to_owned).collect::<Vec<_>>())
    {
        let line = line.trim();
        if line.is_empty() {
            paragraph_ended = true;
            continue;
        }
        if !text.is_empty() {
            text.push_str(if paragraph_ended { "\n\n" } else { " " });
        }
        paragraph_ended = false;
        text.push_str(line);
    }
    text
}

fn line(attribute: &Attribute) -> Option<String> {
    match &attribute.meta {
        Meta::NameValue(pair) if pair.path.is_ident("doc") => match &pair.value {
            Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Some(text.value()),
            _ => None,
        },
        _ => None,
    }
}
