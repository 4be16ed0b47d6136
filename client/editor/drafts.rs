//! Half-typed lines that stay in their places while the user is elsewhere: what is begun for one person is never sent to a
//! room. A place is a room, a person, or a wing's mode such as a multicast room.
//!
//! Pure. Part of the editor.

use crate::core::model::Model;
use std::collections::HashMap;
use wire::names;

/// Half-typed lines.
#[derive(Default)]
pub struct Drafts {
    /// By the place in which they were begun, folded. They outlive it: the user may come back.
    kept: HashMap<String, String>,
    /// Where the user is now; empty is nowhere.
    here: String,
    /// Where the line in the prompt was begun.
    begun: String,
}

impl Drafts {
    /// The user has begun to type.
    pub fn begin(&mut self) {
        self.begun.clone_from(&self.here);
    }

    /// Follows the user. When they have come to another place than that of the line in the prompt, that line stays there, and
    /// the one of this place, perhaps empty, is returned. Who is nowhere keeps the line, to see it.
    pub fn follow(&mut self, line: &str, model: &Model) -> Option<String> {
        // A person can be called [lab], but nobody has a space in the name.
        let detour = model.detour.as_ref().map(|detour| format!("{detour} "));
        let now = detour.unwrap_or_else(|| names::casefold(model.target().unwrap_or_default()));
        let is_moved = now != std::mem::replace(&mut self.here, now.clone());
        let stays = line.is_empty() || self.begun.is_empty() || self.begun == now;
        if !is_moved || now.is_empty() || stays && !line.is_empty() {
            return None;
        }
        if !line.is_empty() {
            self.kept.insert(std::mem::take(&mut self.begun), line.to_owned());
        }
        self.begun.clone_from(&now);
        Some(self.kept.remove(&now).unwrap_or_default())
    }

    /// Somebody has another name, and keeps the draft. What was begun for another one who had that name is not for them: it is
    /// returned. `line` is in the prompt, and is emptied then.
    pub fn renamed(&mut self, old: &str, new: &str, line: &mut String) -> Vec<String> {
        let [old, new] = [old, new].map(names::casefold);
        if old == new {
            return Vec::new();
        }
        let mut lost: Vec<_> = self.kept.remove(&new).into_iter().collect();
        if self.begun == new && !line.is_empty() {
            lost.push(std::mem::take(line));
        }
        self.kept.remove(&old).map(|own| self.kept.insert(new.clone(), own));
        for place in [&mut self.here, &mut self.begun] {
            if *place == old {
                place.clone_from(&new);
            }
        }
        lost
    }

    /// All of them, when there is no conversation any more.
    pub fn take_all(&mut self) -> impl Iterator<Item = String> {
        self.kept.drain().map(|(_, draft)| draft)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The user is there now, with this line in the prompt; what it becomes.
    fn go(drafts: &mut Drafts, model: &mut Model, target: Option<&str>, line: &str) -> String {
        model.set_target(target);
        drafts.follow(line, model).unwrap_or_else(|| line.to_owned())
    }

    #[test]
    fn a_draft_stays_where_it_was_begun() {
        let (mut model, mut drafts) = (Model::default(), Drafts::default());
        assert_eq!(go(&mut drafts, &mut model, Some("Anna"), ""), "");
        drafts.begin();
        assert_eq!(go(&mut drafts, &mut model, Some("#lab"), "psst"), "");
        drafts.begin();
        assert_eq!(go(&mut drafts, &mut model, Some("anna"), "hello"), "psst");
        model.detour = Some("[attic]".into());
        assert_eq!(go(&mut drafts, &mut model, Some("anna"), "psst"), "");
        drafts.begin();
        model.detour = None;
        assert_eq!(go(&mut drafts, &mut model, Some("#lab"), "attic"), "hello");
        // Kicked: the line stays in sight, and in the room for which it was.
        assert_eq!(go(&mut drafts, &mut model, None, "hello"), "hello");
        assert_eq!(go(&mut drafts, &mut model, Some("#lobby"), "hello"), "");
        assert_eq!(go(&mut drafts, &mut model, Some("#lab"), ""), "hello");
        let mut left: Vec<_> = drafts.take_all().collect();
        left.sort();
        assert_eq!(left, ["attic", "psst"]);
    }

    #[test]
    fn what_was_begun_nowhere_goes_along() {
        let (mut model, mut drafts) = (Model::default(), Drafts::default());
        drafts.begin();
        assert_eq!(go(&mut drafts, &mut model, Some("#lab"), "hello"), "hello");
    }

    #[test]
    fn a_draft_follows_its_person_and_not_the_name() {
        let (mut model, mut drafts) = (Model::default(), Drafts::default());
        go(&mut drafts, &mut model, Some("anna"), "");
        drafts.begin();
        let mut line = "psst".to_owned();
        assert!(drafts.renamed("anna", "eva", &mut line).is_empty());
        model.set_target(Some("eva"));
        assert_eq!(drafts.follow(&line, &model), None, "it is the same place");
        assert_eq!(drafts.renamed("ben", "eva", &mut line), ["psst"]);
        assert_eq!(line, "");
    }
}
