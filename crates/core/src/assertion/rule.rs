//! [`Rule`]: a cue and what it does.

use super::attribute::{Attribute, Attributes};

/// The side of a cue on which entities are governed by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// The cue stands before the entity: "denies fever". An entity that begins with it is not governed: "removal of
    /// sutures" is done.
    Before,
    /// The cue stands behind the entity: "fever was ruled out".
    After,
    /// Either.
    Both,
    /// The entity begins with the cue, and no other entity is governed: "afebrile", "no fever" as one entity.
    Inside,
}

/// What a cue does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Gives an attribute to the entities in its scope.
    Assert {
        /// The attribute.
        attribute: Attribute,
        /// The side of the scope.
        direction: Direction,
        /// Most words between cue and entity.
        reach: u32,
        /// Whether the scope goes on over commas, as that of "denies". Otherwise it does so in a list of entities alone: "not
        /// controlled, on gabapentin" says nothing of gabapentin.
        list: bool,
        /// Whether the cue names evidence, as "suggestive of" does: where it is negated itself, what it points at is negated
        /// and not uncertain ("no findings suggestive of pneumonia").
        evidence: bool,
    },
    /// Hides the cues that it contains: "no increase in" is no negation.
    Pseudo,
    /// Ends the scopes of these attributes: "but".
    Terminate(Attributes),
    /// Heads a section.
    Heading {
        /// What its entities have: "Family history:". With none it ends the section before, and needs no colon behind it.
        attributes: Attributes,
        /// Whether a short one (three letters) is a heading within a line too, behind a full stop.
        inline: bool,
    },
}

/// A cue and its action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// The words of the cue, in any case, with or without accents. `<year>` stands for 1900 to 2099, and `<number>`
    /// for 1 to 99.
    pub cue: String,
    /// Whether accents count: Italian "né" (nor) and "ne" (of it) are two words.
    pub exact: bool,
    /// What it does.
    pub action: Action,
}
