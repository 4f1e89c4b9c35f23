//! Attribute macros that declare Python types and native modules.
