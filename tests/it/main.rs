//! One binary of tests. This page is its table of contents.
mod schema;
