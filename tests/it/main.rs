//! One binary of tests. This page is its table of contents.

mod query_generate; // queries at random, for the properties below
mod query_parse;
mod query_time; // times as people write them, and the zone rules // text to meaning and back, mistakes with their caret
