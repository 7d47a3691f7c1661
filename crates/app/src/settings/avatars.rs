//! `avatars.*`: the pictures that people upload.

use menshen_domain::model::avatar::AvatarBase;

use crate::settings::Profile;
use crate::settings::given::Given;
use crate::settings::parse;
use crate::settings::reader::Reader;
use crate::settings::wechat::is_safe_url;

/// `avatars.*`.
#[derive(Debug)]
pub struct AvatarSettings {
    /// From where people load pictures. Without one, none are taken in production; in
    /// development it is where the server listens.
    pub base: Option<AvatarBase>,
}

/// Reads `avatars.*`.
pub fn read(reader: &mut Reader) -> AvatarSettings {
    const BASE: &str = "avatars.public_url";
    let base = reader.read_optional(
        BASE,
        "from where people load uploaded pictures: the address of this service, or of a CDN before it, such as https://login.example.com. Without it production takes no pictures; development uses the address that it listens on",
        base,
    );
    if base
        .as_ref()
        .is_some_and(|base| !is_safe_url(base.as_str()))
    {
        reader.unsafe_for_production(BASE, "must be https://…, or http:// on loopback");
    }
    AvatarSettings { base }
}

impl AvatarSettings {
    /// Whether pictures are taken.
    #[must_use]
    pub fn are_taken(&self, profile: Profile) -> bool {
        self.base.is_some() || profile == Profile::Development
    }
}

fn base(given: &Given) -> Result<AvatarBase, String> {
    let text = parse::text(given)?;
    let advice = "write https://host, perhaps with a path, without ? and #, at most 256 characters";
    AvatarBase::parse(&text).ok_or_else(|| advice.to_owned())
}
