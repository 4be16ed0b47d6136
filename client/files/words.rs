//! The arguments of `/file`: a path and a target, read as a shell would.
//!
//! Pure, but for the question whether a file exists.

use std::path;

/// The words of a line, without the quotes around them.
struct Words {
    list: Vec<String>,
    /// There was a quote or a backslash.
    is_quoted: bool,
}

/// Splits the arguments into a path and a target.
///
/// Quotes and backslashes settle it. But people seldom quote: without, all of it is the path where that exists, else the
/// last word is the target. So is a name that has a quote in it.
pub fn split(arguments: &str, exists: impl Fn(&str) -> bool) -> Result<(String, Option<String>), String> {
    let words = words(arguments);
    if let Ok(Words { list, is_quoted: true }) = &words
        && let [path, target @ ..] = &list[..]
        && target.len() <= 1
        && exists(path)
    {
        return Ok((path.clone(), target.first().cloned()));
    }
    if exists(arguments) {
        return Ok((arguments.to_owned(), None));
    }
    if let Some((path, target)) = arguments.rsplit_once(' ')
        && exists(path.trim_end())
    {
        return Ok((path.trim_end().to_owned(), Some(target.to_owned())));
    }
    // There is no such file; the words tell which one was meant.
    let Words { mut list, is_quoted } = words?;
    match list.len() {
        1 | 2 => {
            let path = list.remove(0);
            Ok((path, list.pop()))
        }
        _ if is_quoted => {
            Err("/file takes one PATH and one TARGET; put quotes around all of a PATH with spaces".to_owned())
        }
        _ => Ok((arguments.to_owned(), None)),
    }
}

/// The words as a shell reads them (POSIX, "Quoting"): within single quotes everything stands for itself, within double
/// quotes a backslash is special before `"`, `\\`, `$` and a backquote only. Where it separates folders, it stands for
/// itself.
fn words(line: &str) -> Result<Words, String> {
    let escapes = !path::is_separator('\\');
    let (mut list, mut word, mut is_quoted) = (Vec::new(), None, false);
    let mut chars = line.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\'' | '"' => {
                is_quoted = true;
                let word = word.get_or_insert_with(String::new);
                loop {
                    match chars.next() {
                        None => return Err(format!("The quote {c} has no end; put one behind the name, too")),
                        Some(end) if end == c => break,
                        Some('\\') if escapes && c == '"' => {
                            word.push(chars.next_if(|next| r#""\$`"#.contains(*next)).unwrap_or('\\'));
                        }
                        Some(other) => word.push(other),
                    }
                }
            }
            '\\' if escapes => {
                is_quoted = true;
                word.get_or_insert_with(String::new).extend(chars.next());
            }
            ' ' | '\t' => list.extend(word.take()),
            c => word.get_or_insert_with(String::new).push(c),
        }
    }
    list.extend(word);
    Ok(Words { list, is_quoted })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn path_and_target_are_told_apart() {
        let exists = |path: &str| {
            matches!(
                path,
                "a.txt" | "my file.txt" | "my file.txt bob" | "x#y" | "it's" | r#"7" pic"# | "~/a b" | "tail "
            )
        };
        for (arguments, expected) in [
            ("a.txt", ("a.txt", None)),
            ("a.txt bob", ("a.txt", Some("bob"))),
            ("a.txt  #dev", ("a.txt", Some("#dev"))),
            ("my file.txt", ("my file.txt", None)),
            ("my file.txt carl", ("my file.txt", Some("carl"))),
            ("my file.txt bob", ("my file.txt bob", None)),
            (r#""my file.txt" bob"#, ("my file.txt", Some("bob"))),
            ("'my file.txt' bob", ("my file.txt", Some("bob"))),
            ("'my file.txt'   '@bob'", ("my file.txt", Some("@bob"))),
            (r"my\ file.txt", ("my file.txt", None)),
            (r"my\ file.txt #dev", ("my file.txt", Some("#dev"))),
            (r#"my" "file.'txt'"#, ("my file.txt", None)),
            ("'my file.txt bob' #dev", ("my file.txt bob", Some("#dev"))),
            (r"my\ file.txt\ bob", ("my file.txt bob", None)),
            ("it's", ("it's", None)),
            ("it's bob", ("it's", Some("bob"))),
            (r"it\'s bob", ("it's", Some("bob"))),
            (r#"7" pic"#, (r#"7" pic"#, None)),
            (r#""7\" pic" bob"#, (r#"7" pic"#, Some("bob"))),
            ("~/'a b' bob", ("~/a b", Some("bob"))),
            (r"~/a\ b", ("~/a b", None)),
            ("'tail ' bob", ("tail ", Some("bob"))),
            // Where there is no such file, the error is to name the one that was meant.
            (r#""no such""#, ("no such", None)),
            (r"no\ such bob", ("no such", Some("bob"))),
            ("no.txt", ("no.txt", None)),
            ("no.txt bob", ("no.txt", Some("bob"))),
            ("no such file", ("no such file", None)),
            ("'' bob", ("", Some("bob"))),
        ] {
            let (path, target) = split(arguments, exists).unwrap_or_else(|why| panic!("{arguments}: {why}"));
            assert_eq!((&*path, target.as_deref()), expected, "{arguments}");
        }
    }

    #[test]
    fn what_a_shell_would_not_take_is_one_sentence() {
        for (arguments, sentence) in [
            ("'a.txt bob", "The quote ' has no end; put one behind the name, too"),
            (r#""a.txt\" bob"#, r#"The quote " has no end; put one behind the name, too"#),
            ("'a.txt' bob carl", "/file takes one PATH and one TARGET; put quotes around all of a PATH with spaces"),
        ] {
            assert_eq!(split(arguments, |path| path == "a.txt").unwrap_err(), sentence, "{arguments}");
        }
    }
}
