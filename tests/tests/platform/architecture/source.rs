//! What a source file names: other modules of its crate, and other crates.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// A source file, without its comments and texts, cut into words and signs.
pub(super) struct Source {
    /// Relative to the crate's `src`.
    path: PathBuf,
    words: Vec<String>,
}

/// Every source below a directory.
pub(super) fn sources(directory: &Path) -> Vec<Source> {
    let (mut sources, mut directories) = (Vec::new(), vec![directory.to_owned()]);
    while let Some(inside) = directories.pop() {
        let entries = std::fs::read_dir(&inside).unwrap_or_else(|error| panic!("{inside:?}: {error}"));
        for entry in entries {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                directories.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = std::fs::read_to_string(&path).expect("a source in UTF-8");
                let path = path.strip_prefix(directory).expect("a path inside").to_owned();
                sources.push(Source { path, words: words(&text) });
            }
        }
    }
    assert!(!sources.is_empty(), "no sources in {}", directory.display());
    sources.sort_by(|one, other| one.path.cmp(&other.path));
    sources
}

impl Source {
    pub(super) fn name(&self) -> String {
        self.path.display().to_string()
    }

    /// The module of the crate's root that this file is of.
    pub(super) fn module(&self) -> &str {
        let first = self.path.iter().next().and_then(|first| first.to_str()).expect("a name in UTF-8");
        first.trim_end_matches(".rs")
    }

    /// How many `super`s lead from here to the crate's root.
    fn depth(&self) -> usize {
        let is_directory = self.path.ends_with("mod.rs");
        self.path.iter().count() - usize::from(is_directory)
    }

    /// Names that are looked up at the crate's root: modules, and maybe other things.
    pub(super) fn modules_of_this_crate(&self) -> BTreeSet<String> {
        let mut names = BTreeSet::new();
        for (place, word) in self.words.iter().enumerate() {
            let is_root = match word.as_str() {
                "crate" => true,
                "super" => self.supers_before(place) + 1 == self.depth(),
                _ => false,
            };
            if is_root && self.is(place + 1, "::") {
                names.extend(self.heads(place + 2));
            }
        }
        names
    }

    /// Names that paths begin with: crates, and maybe other things.
    pub(super) fn crates(&self) -> BTreeSet<String> {
        let mut names = BTreeSet::new();
        for (place, word) in self.words.iter().enumerate() {
            if word == "use" {
                names.extend(self.heads(place + 1 + usize::from(self.is(place + 1, "::"))));
            }
            let continues = place > 0 && self.is(place - 1, "::") && !self.begins_at_the_top(place - 1);
            if self.is(place + 1, "::") && !continues {
                names.insert(word.clone());
            }
        }
        names
    }

    /// Whether these two colons have no name or type before them.
    fn begins_at_the_top(&self, colons: usize) -> bool {
        let Some(before) = colons.checked_sub(1) else { return true };
        let ends_a_type = self.is(before, ">") && !(before > 0 && self.is(before - 1, "-"));
        let is_name = |letter: char| letter.is_alphanumeric() || letter == '_';
        !self.words[before].starts_with(is_name) && !ends_a_type
    }

    fn supers_before(&self, place: usize) -> usize {
        let before = self.words[..place].rchunks(2);
        before.take_while(|pair| pair.len() == 2 && pair[0] == "super" && pair[1] == "::").count()
    }

    /// The first name of each path of a tree: `a::b` or `{a::{b, c}, d}`.
    fn heads(&self, place: usize) -> Vec<String> {
        if !self.is(place, "{") {
            return self.words.get(place).cloned().into_iter().collect();
        }
        let (mut heads, mut depth) = (Vec::new(), 0);
        for (at, word) in self.words.iter().enumerate().skip(place) {
            match word.as_str() {
                "{" => depth += 1,
                "}" => depth -= 1,
                _ if depth == 1 && (at == place + 1 || self.is(at - 1, ",")) => heads.push(word.clone()),
                _ => {}
            }
            if depth == 0 {
                break;
            }
        }
        heads
    }

    fn is(&self, place: usize, word: &str) -> bool {
        self.words.get(place).is_some_and(|known| known == word)
    }
}

/// Names, `::` and single signs, in order.
fn words(text: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let length = if let Some(length) = passed_over(rest) {
            length
        } else if first.is_alphanumeric() || first == '_' {
            let length = rest.find(|letter: char| !letter.is_alphanumeric() && letter != '_');
            let length = length.unwrap_or(rest.len());
            words.push(rest[..length].to_owned());
            length
        } else {
            let sign = if rest.starts_with("::") { "::" } else { &rest[..first.len_utf8()] };
            words.push(sign.to_owned());
            sign.len()
        };
        rest = &rest[length..];
    }
    words
}

/// The length of the space, comment, text or character that comes first, if one does.
fn passed_over(rest: &str) -> Option<usize> {
    let up_to =
        |end: &str, from: usize| rest[from..].find(end).map_or(rest.len(), |at| from + at + end.len());
    if rest.starts_with("//") {
        return Some(rest.find('\n').unwrap_or(rest.len()));
    }
    if rest.starts_with("/*") {
        return Some(up_to("*/", 2));
    }
    if rest.starts_with("r\"") {
        return Some(up_to("\"", 2));
    }
    if rest.starts_with("r#\"") {
        return Some(up_to("\"#", 3));
    }
    let mut letters = rest.char_indices();
    match letters.next()?.1 {
        space if space.is_whitespace() => Some(space.len_utf8()),
        '"' => Some(length_of_text(rest)),
        // A character; a lifetime has no second quote there.
        '\'' if rest.starts_with("'\\") => Some(up_to("'", 3)),
        '\'' => letters.nth(1).filter(|(_, letter)| *letter == '\'').map(|(at, _)| at + 1),
        _ => None,
    }
}

fn length_of_text(rest: &str) -> usize {
    let mut is_escaped = false;
    for (at, letter) in rest.char_indices().skip(1) {
        match letter {
            '"' if !is_escaped => return at + 1,
            _ => is_escaped = letter == '\\' && !is_escaped,
        }
    }
    rest.len()
}
