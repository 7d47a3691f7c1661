//! Casdoor: the `data` of `GET /api/get-users`.
//!
//! Source: `type User` in `object/user.go` of casdoor/casdoor and `casdoorsdk/user.go` of
//! casdoor/casdoor-go-sdk. `wechat` is what `idp/wechat.go` makes the id: the unionid, and
//! where WeChat gave none, the openid. `properties` may tell both apart
//! (`UserPropertiesWechatUnionId`, `UserPropertiesWechatOpenId`).

use menshen_domain::model::region::Region;

use super::{DELETED, Hints, Told};
use crate::commands::import::arguments::WeChatIdKind;
use crate::commands::import::fields::Fields;
use crate::commands::import::given::{Given, GivenIdentity};

pub(super) fn read(fields: &mut Fields<'_>, hints: &Hints) -> (Option<String>, Told) {
    let old_id = fields.old_id("id");
    let old_id = old_id.or_else(|| {
        let (owner, name) = (fields.text("owner")?, fields.text("name")?);
        Some(format!("{owner}/{name}"))
    });
    if fields.truth("isDeleted") {
        return (old_id, Told::Skipped(DELETED));
    }
    let region = fields.parsed("countryCode", |text| {
        Region::parse(text).ok_or("not two capital letters")
    });
    let given = Given {
        phone: fields.text("phone"),
        region,
        identities: vec![identity(fields, hints)],
        nickname: fields.text("displayName"),
        avatar_url: fields.text("avatar"),
        created_at: fields.time("createdTime"),
        last_login_at: fields.time("lastSigninTime"),
        disabled: fields.truth("isForbidden"),
        ..Given::default()
    };
    (old_id, Told::Person(Box::new(given)))
}

fn identity(fields: &mut Fields<'_>, hints: &Hints) -> GivenIdentity {
    let of_properties = |name: &str| {
        let value = fields.object("properties")?.get(name)?;
        let text = value.as_str()?.trim();
        (!text.is_empty()).then(|| text.to_owned())
    };
    let mut identity = GivenIdentity {
        openid: of_properties("wechatOpenId"),
        union_id: of_properties("wechatUnionId"),
        ..GivenIdentity::default()
    };
    let known = identity.openid.is_some() || identity.union_id.is_some();
    if let Some(id) = fields.text("wechat").filter(|_| !known) {
        match hints.wechat_id {
            Some(WeChatIdKind::Unionid) => identity.union_id = Some(id),
            Some(WeChatIdKind::Openid) => identity.openid = Some(id),
            None => fields.wrong(
                "wechat",
                "say with --wechat-id what it is: unionid or openid",
            ),
        }
    }
    identity
}
