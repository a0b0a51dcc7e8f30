//! Rare failures whose cause lies in the cluster: a directory that is down, a licence that lapsed, a busy node.

use super::{Request, Traffic};
use crate::event::{Chain, LDAP, RESERVED, Reason};
use crate::text::Text;
use crate::world::World;

/// The rare causes.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) enum Odd {
    /// The LDAP server cannot be reached.
    DirectoryDown(Text),
    /// The licence does not permit the LDAP realm, so it is not asked.
    Unlicensed(Text),
    /// Reading the key's document failed.
    KeyError(u32),
    /// The node has no thread left to hash the key's secret: ends the attempt, whose principal is then the key's id.
    Busy(u32),
    /// The bearer token was invalidated.
    InvalidToken,
    /// A JWT is held to be expired, or not yet valid, by a node whose clock is wrong. Who sent it shows only where the
    /// realm read so far.
    JwtRefused(Option<Text>),
    /// An assertion of an identity provider has ended before it came, or is for another cluster.
    AssertionRefused,
    /// A reserved user cannot be looked up: the security index is not available.
    IndexDown(Text),
}

const REALMS_LOGGER: Text = "org.elasticsearch.xpack.security.authc.RealmsAuthenticator";
const RESERVED_LOGGER: Text = "org.elasticsearch.xpack.security.authc.esnative.ReservedRealm";
const KEY_LOGGER: Text = "org.elasticsearch.xpack.security.authc.ApiKeyAuthenticator";

impl Traffic {
    /// A rare failure.
    pub(super) fn odd(&mut self, world: &World, request: &mut Request, odd: Odd) {
        match odd {
            Odd::DirectoryDown(name) => {
                let chain = self.all_but(world, request, name, None);
                let message = "Authentication to realm ldap1 failed - authenticate failed (Caused by LDAPException(resultCode=91 (connect error), errorMessage='An error occurred while attempting to connect to server ldap.example.org:636:  java.net.ConnectException: Connection refused'))";
                self.explain(request, "WARN", REALMS_LOGGER, message.to_owned());
                self.failed(request, Some(name), chain, Reason::RealmUnavailable, None);
            }
            Odd::Unlicensed(name) => {
                let chain = self.all_but(world, request, name, Some(LDAP));
                let message = "Authentication failed using realms [reserved/reserved,file/default_file,native/default_native]. Realms [ldap/ldap1] were skipped because they are not permitted on the current license";
                self.explain(request, "WARN", REALMS_LOGGER, message.to_owned());
                self.failed(request, Some(name), chain, Reason::RealmNotLicensed, None);
            }
            Odd::KeyError(key) => {
                let id = world.keys[key as usize].id;
                let message = format!(
                    "Authentication using apikey failed - apikey authentication for id {id} encountered a failure"
                );
                self.anonymous(request, Reason::ApiKeyError, Some(key), Some((KEY_LOGGER, message)));
            }
            Odd::Busy(key) => {
                let id = world.keys[key as usize].id;
                self.failed(request, Some(id), Chain::default(), Reason::ServerBusy, Some(key));
                let message = "Authentication using apikey failed - server is too busy to respond";
                self.explain(request, "WARN", KEY_LOGGER, message.to_owned());
            }
            Odd::JwtRefused(name) => {
                let message = "Authentication to realm jwt1 failed - Realm [jwt1] JWT validation failed for token=[https://id.example/es/apps/token]. (Caused by java.lang.IllegalArgumentException: date claim [exp] value [1772449199000] must be after now [1772449261000])";
                self.explain(request, "WARN", REALMS_LOGGER, message.to_owned());
                self.failed(request, name, Chain::default(), Reason::TokenExpired, None);
            }
            Odd::AssertionRefused => {
                let message = "Authentication to realm saml1 failed - Provided SAML response is not valid for realm saml/saml1 (Caused by ElasticsearchSecurityException[rejecting SAML assertion [...] because [...] has expired])";
                self.explain(request, "WARN", REALMS_LOGGER, message.to_owned());
                self.failed(request, Some("<unauthenticated-saml-user>"), Chain::default(), Reason::TokenInvalid, None);
            }
            Odd::IndexDown(name) => {
                let mut chain = Chain::default();
                self.realm_said_no(world, request, name, RESERVED);
                chain.push(RESERVED);
                let said = format!("failed to retrieve password hash for reserved user [{name}]");
                self.explain(request, "ERROR", RESERVED_LOGGER, said);
                request.time += 3_000;
                let said = format!(
                    "Authentication of [{name}] was terminated by realm [reserved] - failed to authenticate user [{name}]"
                );
                self.explain(request, "INFO", REALMS_LOGGER, said);
                self.failed(request, Some(name), chain, Reason::RealmUnavailable, None);
            }
            Odd::InvalidToken => {
                let logger = "org.elasticsearch.xpack.security.authc.TokenService";
                self.anonymous(request, Reason::TokenInvalid, None, Some((logger, "invalid token".to_owned())));
            }
        }
    }

    /// Every realm of the node, but perhaps one, says no.
    fn all_but(&mut self, world: &World, request: &mut Request, name: Text, left_out: Option<u8>) -> Chain {
        let mut chain = Chain::default();
        for realm in &world.nodes[usize::from(request.act.node)].realms {
            if Some(*realm) != left_out {
                self.realm_said_no(world, request, name, *realm);
                chain.push(*realm);
            }
        }
        chain
    }
}
