//! The one table of the members of audit events: from it come the event's own members, the names that every decoder knows them by,
//! and those that the fast reader takes without a full decode.

/// Calls a macro with the table (audit-format 2).
///
/// `texts`: members of [`AuditEvent`](super::AuditEvent) that are a text, each with the name of its key, how it is taken, and its
/// names: the node's own first, then what pipelines make of it. `plain` texts are taken as they stand, `filled` ones count as absent
/// where they are empty, `nested` ones stand in an object, which the fast reader leaves to the decoder.
///
/// `keys`: members that decide what an event is. `passed`: members that nodes write and nobody asks for as texts.
macro_rules! audit_members {
    ($with:ident) => {
        $with! {
            texts {
                /// `cluster.uuid`.
                cluster_uuid: ClusterUuid plain b"cluster.uuid" | b"elasticsearch.cluster.uuid" | b"cluster_uuid" | b"cluster__uuid",
                /// `cluster.name`.
                cluster_name: ClusterName plain b"cluster.name" | b"elasticsearch.cluster.name",
                /// `node.id`.
                node_id: NodeId filled b"node.id" | b"elasticsearch.node.id" | b"node_id" | b"node__id",
                /// `node.name`.
                node_name: NodeName filled b"node.name" | b"elasticsearch.node.name" | b"node_name",
                /// `authentication.type`: REALM, API_KEY, TOKEN, …
                authentication_type: AuthenticationType plain b"authentication.type" | b"authentication_type" | b"authentication__type",
                /// `user.name`: the effective user; absent for anonymous attempts.
                user: UserName plain b"user.name" | b"user_name" | b"user__name",
                /// `user.realm`.
                user_realm: UserRealm plain b"user.realm" | b"user_realm" | b"user__realm",
                /// `user.run_by.name`: who authenticated, when somebody ran as another.
                run_by: RunByName plain b"user.run_by.name" | b"run_by_principal" | b"user_run_by_name" | b"user__run_by__name",
                /// `user.run_as.name`.
                run_as: RunAsName plain b"user.run_as.name" | b"user.effective.name" | b"run_as_principal" | b"user_run_as_name" | b"user__run_as__name",
                /// `apikey.id` of the credential that made the request.
                apikey_id: ApiKeyId plain b"apikey.id" | b"apikey_id" | b"apikey__id",
                /// `apikey.name`.
                apikey_name: ApiKeyName plain b"apikey.name" | b"apikey_name" | b"apikey__name",
                /// `authentication.token.name` of a service account token.
                token_name: TokenName plain b"authentication.token.name" | b"authentication_token_name",
                /// `cross_cluster_access.user.name`: who uses a cross-cluster key at the other cluster (audit-format 1.17).
                remote_user: RemoteUser nested b"cross_cluster_access.user.name",
                /// `realm`: the realm that said no (or yes, for `authentication_success`).
                realm: Realm plain b"realm",
                /// `origin.type`: `rest`, `transport`, `local_node`.
                origin_type: OriginType plain b"origin.type" | b"origin_type" | b"origin__type",
                /// `origin.address` as written, with the port where there is one.
                origin: OriginAddress filled b"origin.address" | b"origin_address" | b"origin__address",
                /// `x_forwarded_for` as sent by the client.
                forwarded_for: ForwardedFor plain b"x_forwarded_for",
                /// `url.path`.
                url_path: UrlPath plain b"url.path" | b"url_path" | b"url__path",
                /// `request.id`: joins the events of one request.
                request_id: RequestId filled b"request.id" | b"request_id" | b"request__id",
                /// `trace.id` as sent by the client.
                trace_id: TraceId plain b"trace.id" | b"trace_id" | b"trace__id",
                /// `action`: the Elasticsearch action, e.g. `cluster:admin/xpack/security/api_key/invalidate`.
                es_action: EsAction plain b"action",
                /// `request.name`: the class of the request, e.g. `PutUserRequest`.
                request_name: RequestName plain b"request.name" | b"request_name" | b"request__name",
            }
            keys {
                /// `type` of native and server lines.
                Type b"type",
                /// Time of native and 7.x server lines.
                Timestamp b"timestamp",
                /// Time of 6.5-7.x audit lines, ECS server lines and index documents.
                AtTimestamp b"@timestamp",
                /// What happened.
                EventAction b"event.action" | b"event_action" | b"event__action",
                /// Layer (native) or ECS category.
                EventType b"event.type" | b"event__type",
            }
            passed {
                HostName b"host.name",
                HostIp b"host.ip",
                UserRealmDomain b"user.realm_domain",
                RunByRealm b"user.run_by.realm",
                RunAsRealm b"user.run_as.realm",
                UserRoles b"user.roles",
                TokenType b"authentication.token.type",
                RealmDomain b"realm_domain",
                UrlQuery b"url.query",
                RequestMethod b"request.method",
                RequestBody b"request.body",
                Indices b"indices",
                OpaqueId b"opaque_id",
                TransportProfile b"transport.profile",
                Rule b"rule",
            }
        }
    };
}

pub(crate) use audit_members;
