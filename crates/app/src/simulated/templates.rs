//! The texts that a vendor at the simulator has approved from the start, behind those
//! of the settings.

use menshen_sms::{Meant, RegionClass, Template, Templates, Variable};

/// An approved template of the simulator's account, and what it leaves to us.
pub(super) type Approved = (&'static str, &'static [Variable]);

/// All templates of an account: `more` of the settings, `codes` (the usual one, that
/// for new numbers, that for other countries) and `notices` (here, and in other
/// countries).
pub(super) fn templates(
    codes: &[Approved],
    notices: [&'static str; 2],
    more: &[(Meant, Template)],
) -> Templates {
    let mut all = more.to_vec();
    let meant = |purpose, region| Meant { purpose, region };
    let places = [
        Meant::default(),
        meant(Some("bind_phone"), Some(RegionClass::Mainland)),
        meant(None, Some(RegionClass::Overseas)),
    ];
    for (meant, (id, variables)) in places.into_iter().zip(codes) {
        if all.iter().all(|(known, _)| *known != meant) {
            let template = Template {
                variables: variables.to_vec(),
                ..Template::with_code(*id)
            };
            all.push((meant, template));
        }
    }
    // Whoever has notices of their own has no others.
    if !more.iter().any(|(meant, _)| meant.is_for_notices()) {
        all.extend(of_notices(notices));
    }
    // The settings were read without two for the same messages.
    Templates::new(all).unwrap_or_default()
}

fn of_notices(ids: [&'static str; 2]) -> impl Iterator<Item = (Meant, Template)> {
    let regions = [RegionClass::Mainland, RegionClass::Overseas];
    regions.into_iter().zip(ids).map(|(region, id)| {
        let meant = Meant {
            region: Some(region),
            ..Meant::NOTICES
        };
        (meant, Template::for_notices(id))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notices_of_the_settings_are_the_only_ones() {
        const NOTICE: &str = "number_notice";
        let id = |templates: &Templates, purpose, region| {
            let found = templates.find(purpose, region);
            found.map(|template| template.id.clone())
        };
        let codes: &[Approved] = &[("code", &[Variable::Code])];
        let usual = templates(codes, ["here", "there"], &[]);
        for (region, expected) in [
            (RegionClass::Mainland, "here"),
            (RegionClass::Overseas, "there"),
        ] {
            assert_eq!(id(&usual, NOTICE, region).as_deref(), Some(expected));
            assert_eq!(id(&usual, "login", region).as_deref(), Some("code"));
        }
        let own = Meant {
            region: Some(RegionClass::Mainland),
            ..Meant::NOTICES
        };
        let own = templates(
            codes,
            ["here", "there"],
            &[(own, Template::for_notices("own"))],
        );
        assert_eq!(
            id(&own, NOTICE, RegionClass::Mainland).as_deref(),
            Some("own")
        );
        assert_eq!(id(&own, NOTICE, RegionClass::Overseas), None);
        assert_eq!(
            id(&own, "login", RegionClass::Overseas).as_deref(),
            Some("code")
        );
    }
}
