//! The members of native audit lines (audit-format 2), as far as they are texts or arrays of texts.

use super::scan::Pattern;

macro_rules! keys {
    ($($name:ident = $text:literal,)*) => {
        /// A member of a native audit line.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[repr(u8)]
        pub(super) enum Key {
            $($name,)*
        }

        impl Key {
            /// The key of a name.
            #[allow(non_upper_case_globals, reason = "one name for the key and its text")]
            pub(super) fn named(name: &[u8]) -> Option<Self> {
                // Compared as texts of one type, so that the compiler may choose by length first.
                $(const $name: &[u8] = $text.as_bytes();)*
                match name {
                    $($name => Some(Self::$name),)*
                    _ => None,
                }
            }
        }

        /// How many keys there are.
        pub(super) const KEYS: usize = [$($text),*].len();

        /// Each key as it stands after another member.
        static PATTERNS: [Pattern; KEYS] = [$(Pattern::of(b", \"", $text.as_bytes(), b"\":")),*];
    };
}

keys! {
    Type = "type",
    Timestamp = "timestamp",
    AtTimestamp = "@timestamp",
    ClusterName = "cluster.name",
    ClusterUuid = "cluster.uuid",
    NodeName = "node.name",
    NodeId = "node.id",
    HostName = "host.name",
    HostIp = "host.ip",
    EventType = "event.type",
    EventAction = "event.action",
    AuthenticationType = "authentication.type",
    UserName = "user.name",
    RunByName = "user.run_by.name",
    RunAsName = "user.run_as.name",
    UserRealm = "user.realm",
    UserRealmDomain = "user.realm_domain",
    RunByRealm = "user.run_by.realm",
    RunAsRealm = "user.run_as.realm",
    UserRoles = "user.roles",
    ApiKeyId = "apikey.id",
    ApiKeyName = "apikey.name",
    TokenName = "authentication.token.name",
    TokenType = "authentication.token.type",
    OriginType = "origin.type",
    OriginAddress = "origin.address",
    Realm = "realm",
    RealmDomain = "realm_domain",
    UrlPath = "url.path",
    UrlQuery = "url.query",
    RequestMethod = "request.method",
    RequestId = "request.id",
    EsAction = "action",
    RequestName = "request.name",
    Indices = "indices",
    OpaqueId = "opaque_id",
    TraceId = "trace.id",
    ForwardedFor = "x_forwarded_for",
    TransportProfile = "transport.profile",
    Rule = "rule",
}

impl Key {
    /// `, "name":`.
    #[inline]
    pub(super) fn pattern(self) -> &'static Pattern {
        &PATTERNS[self as usize]
    }

    /// A set of this key alone.
    #[inline]
    pub(super) const fn bit(self) -> u64 {
        1 << self as u8
    }

    /// Whether an array of texts may be its value.
    #[inline]
    pub(super) const fn may_be_array(self) -> bool {
        matches!(self, Self::UserRoles | Self::Indices)
    }
}
