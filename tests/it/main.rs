//! One binary of tests. This page is its table of contents.

mod query_time; // times as people write them, and the zone rules
