//! `GET /voice/models`: the packs that are loaded, with their licences.

use schemars::JsonSchema;
use serde::Serialize;

use super::{Call, Context, Reply};
use crate::engine::graph::device::Device;
use crate::engine::graph::loader::bytes_in_use;
use crate::fault::Fault;
use crate::pack::Pack;
use crate::pack::manifest::PackKind;

/// The packs that are loaded.
#[derive(Serialize, JsonSchema)]
pub struct PacksAnswer<'a> {
    packs: &'a [PackRow],
}

/// A pack that is loaded.
#[derive(Debug, Serialize, JsonSchema)]
pub struct PackRow {
    /// Size of the files that are loaded.
    bytes: u64,
    /// What runs its graphs.
    device: String,
    engine: String,
    /// What it is for.
    #[schemars(with = "String")]
    kind: PackKind,
    /// An SPDX identifier; `LicenseRef-unstated` where the author of the weights states none.
    licence: String,
    pub name: String,
    title: String,
}

impl PackRow {
    /// The row of a pack whose graphs run on `device`.
    pub fn of(pack: &Pack, device: Device) -> Self {
        let manifest = &pack.manifest;
        PackRow {
            bytes: bytes_in_use(pack),
            device: device.to_string(),
            engine: manifest.engine.clone(),
            kind: manifest.kind,
            licence: manifest.licence.clone(),
            name: manifest.name.clone(),
            title: manifest.title.clone(),
        }
    }
}

/// Lists the packs.
pub fn handle(context: &Context, _: &mut Call) -> Result<Reply, Fault> {
    Reply::json(&PacksAnswer {
        packs: &context.packs,
    })
}
