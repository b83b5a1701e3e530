//! What every language with a text file answers from it, as the methods of [`super::Grammar`].

/// Methods of `Grammar` that the field `base` answers, a `TextGrammar`.
macro_rules! answered_by_base {
    () => {
        fn tables(&self) -> &$crate::grammar::tables::GrammarTables {
            &self.base.tables
        }

        fn cardinal(&self, digits: &str, form: $crate::grammar::values::NumberForm) -> String {
            self.base.cardinal(digits, form)
        }

        fn ordinal(&self, digits: &str, form: $crate::grammar::values::NumberForm) -> String {
            self.base.ordinal(digits, form)
        }

        fn one_by_one(&self, digits: &str) -> String {
            self.base.one_by_one(digits)
        }

        fn word(&self, line: &$crate::grammar::token::WrittenLine, i: usize) -> String {
            self.base.word(line, i)
        }

        fn letters(&self, word: &str) -> String {
            self.base.letters(word)
        }

        fn stops(&self) -> Option<$crate::segmentation::SentenceStops> {
            Some(self.base.stops())
        }

        fn small_days(&self) -> bool {
            true
        }

        fn letter_name(&self, letter: char) -> Option<&'static str> {
            self.base.letter_name(letter)
        }
    };
}

pub(super) use answered_by_base;
