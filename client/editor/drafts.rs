//! Half-typed lines that stay in their conversations while the user turns to another one: what is begun for one person
//! is never sent to a room.
//!
//! Pure. Part of the editor.

use crate::core::model::Model;
use std::collections::HashMap;
use wire::names;

/// Half-typed lines, by their folded conversation; empty is nobody.
#[derive(Default)]
pub struct Drafts(HashMap<String, String>);

impl Drafts {
    /// The user turns away from the current conversation. Drafts of conversations that are no more are dropped.
    pub fn leave(&mut self, line: String, model: &Model) {
        let known = |name: &str| {
            name.is_empty() || model.conversations().iter().any(|known| names::eq_ignore_case(&known.name, name))
        };
        self.0.retain(|name, _| known(name));
        if !line.is_empty() {
            self.0.insert(names::casefold(model.target().unwrap_or_default()), line);
        }
    }

    /// Somebody has another name, and keeps the draft. What was begun for another one who had that name is not for them.
    pub fn renamed(&mut self, old: &str, new: &str) -> Option<String> {
        let [old, new] = [old, new].map(names::casefold);
        let own = self.0.remove(&old);
        let lost = self.0.remove(&new);
        own.map(|own| self.0.insert(new, own));
        lost
    }

    /// All of them, when there is no conversation any more.
    pub fn take_all(&mut self) -> impl Iterator<Item = String> {
        self.0.drain().map(|(_, draft)| draft)
    }

    /// The user comes to a conversation: what was begun there.
    pub fn take(&mut self, target: &str) -> Option<String> {
        self.0.remove(&names::casefold(target))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_draft_stays_in_its_conversation_and_goes_with_it() {
        let (mut model, mut drafts) = (Model::default(), Drafts::default());
        model.enter("#lab");
        model.enter("Anna");
        model.set_target(Some("anna"));
        drafts.leave("psst".into(), &model);
        model.set_target(Some("#lab"));
        drafts.leave("hello".into(), &model);
        assert_eq!(
            (drafts.take("#LAB"), drafts.take("#lab"), drafts.take("anna")),
            (Some("hello".into()), None, Some("psst".into()))
        );
        model.set_target(Some("anna"));
        drafts.leave("psst".into(), &model);
        assert_eq!((drafts.renamed("Anna", "ANNA"), drafts.renamed("anna", "eva")), (None, None));
        assert_eq!(
            (drafts.renamed("ben", "eva"), drafts.take("eva"), drafts.take("ben")),
            (Some("psst".into()), None, None)
        );
        model.set_target(Some("#lab"));
        drafts.leave("hello".into(), &model);
        model.forget("#lab");
        drafts.leave(String::new(), &model);
        assert_eq!(drafts.take("#lab"), None);
    }
}
