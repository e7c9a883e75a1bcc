using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;
using OtpActors.Cql;
using OtpActors.Infrastructure.Stores;
using OtpActors.Infrastructure.Stores.Cassandra;
using OtpActors.Tests.Servers.Cassandra;
using OtpActors.Tests.Support;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.Cql;

/// <summary>A real node that wants TLS, a client certificate, a user and a password.</summary>
public sealed class SecuritySpecs(CassandraServers servers, SecuritySpecs.SecureNode secure) : IClassFixture<SecuritySpecs.SecureNode>, IAsyncLifetime
{
    private readonly SecureNode _secure = secure;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => await _secure.StartAsync(servers);

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    [Fact]
    public async Task With_user_and_certificates_everything_works()
    {
        await using var cluster = _secure.Client(Builder()).Build();
        var session = await cluster.ConnectAsync(Cancellation).Eventually();
        await session.ExecuteAsync("CREATE KEYSPACE IF NOT EXISTS safe WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}");
        await session.ExecuteAsync("CREATE TABLE IF NOT EXISTS safe.t (k int PRIMARY KEY, v text)");
        var insert = await session.PrepareAsync("INSERT INTO safe.t (k, v) VALUES (?, ?)", Cancellation);
        var value = new string('x', 10_000); // more than a TLS record, many at a time
        await Task.WhenAll(Enumerable.Range(0, 500).Select(i => session.ExecuteVoidAsync(insert.Bind(i, value), Cancellation).AsTask())).Eventually();

        var count = 0;
        await foreach (var row in await session.ExecuteAsync(new SimpleStatement("SELECT k, v FROM safe.t").SetPageSize(50), Cancellation))
        {
            row.GetValue<string>(1).Length.ShouldBe(10_000);
            count++;
        }

        count.ShouldBe(500);
    }

    [Fact]
    public async Task A_wrong_password_is_said()
    {
        var error = await Should.ThrowAsync<AuthenticationException>(() => ConnectAsync(_secure.Client(Builder()).WithCredentials("cassandra", "wr0ng")));

        error.Message.ShouldContain("password");
        error.ToString().ShouldNotContain("wr0ng");
    }

    [Fact]
    public async Task No_password_at_all_is_said() => (await Should.ThrowAsync<AuthenticationException>(() =>
        ConnectAsync(Builder().WithSSL(_secure.Tls)))).Message.ShouldContain("asks for a user name");

    [Fact]
    public async Task An_authority_that_is_not_trusted_is_said() => (await Should.ThrowAsync<TlsException>(() =>
        ConnectAsync(_secure.Client(Builder()).WithSSL(_secure.Tls with { TrustedAuthorities = null })))).Message.ShouldContain("trusted");

    [Fact]
    public async Task A_certificate_of_another_host_is_refused() => await Should.ThrowAsync<TlsException>(() =>
        ConnectAsync(_secure.Client(Builder()).WithSSL(_secure.Tls with { TargetHost = "elsewhere.example.com" })));

    [Fact]
    public async Task A_client_without_its_certificate_is_refused() => await Should.ThrowAsync<DriverException>(() =>
        ConnectAsync(_secure.Client(Builder()).WithSSL(_secure.Tls with { ClientCertificates = null })));

    [Fact]
    public async Task Speaking_plainly_to_it_does_not_hang() => await Should.ThrowAsync<DriverException>(() => ConnectAsync(
        Builder().WithCredentials("cassandra", "cassandra").With(options => options with { ConnectTimeout = TimeSpan.FromSeconds(1) })));

    [Fact]
    public async Task The_store_takes_files_and_says_which_setting_is_wrong()
    {
        var options = new CassandraOptions
        {
            ContactPoints = _secure.Node.ContactPoint,
            Keyspace = "safe_store",
            Username = "cassandra",
            Password = "cassandra",
            Tls = true,
            TlsAuthorities = _secure.AuthorityFile,
            TlsCertificate = _secure.ClientFile,
        };
        await using (var store = new CassandraStore("cassandra", options, OnExisting.Skip, TimeProvider.System))
        {
            await store.EnsureSchemaAsync(Cancellation).Eventually();
        }

        options.Password = "wr0ng";
        await using (var store = new CassandraStore("cassandra", options, OnExisting.Skip, TimeProvider.System))
        {
            (await Should.ThrowAsync<StoreSetupException>(() => store.EnsureSchemaAsync(Cancellation).Eventually())).Message
                .ShouldContain("OtpActors:Cassandra:Username and :Password");
        }

        options.TlsAuthorities = null;
        await using (var store = new CassandraStore("cassandra", options, OnExisting.Skip, TimeProvider.System))
        {
            (await Should.ThrowAsync<StoreSetupException>(() => store.EnsureSchemaAsync(Cancellation).Eventually())).Message
                .ShouldContain("OtpActors:Cassandra:TlsAuthorities");
        }

        options.TlsAuthorities = "no-such-file.pem";
        await using (var store = new CassandraStore("cassandra", options, OnExisting.Skip, TimeProvider.System))
        {
            (await Should.ThrowAsync<StoreSetupException>(() => store.EnsureSchemaAsync(Cancellation).Eventually())).Message
                .ShouldContain("no-such-file.pem");
        }
    }

    private ClusterBuilder Builder() => Cluster.Builder().AddContactPoint(_secure.Node.ContactPoint)
        .With(options => options with { ConnectTimeout = TimeSpan.FromMinutes(1), QueryTimeout = TimeSpan.FromMinutes(1) });

    private static async Task ConnectAsync(ClusterBuilder builder)
    {
        await using var cluster = builder.Build();
        await cluster.ConnectAsync(Cancellation).Eventually();
    }

    /// <summary>The node and the certificates, one set for all tests of the class.</summary>
    public sealed class SecureNode : IAsyncDisposable
    {
        private const string StorePassword = "changeit";

        private readonly TempDirectory _directory = new();
        private readonly SemaphoreSlim _starting = new(1);
        private readonly X509Certificate2 _authority;
        private readonly X509Certificate2 _client;
        private CassandraNode? _node;

        public SecureNode()
        {
            using var authorityKey = RSA.Create(2048);
            var request = new CertificateRequest("CN=Test authority", authorityKey, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
            request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
            request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign, true));
            var now = TimeProvider.System.GetUtcNow();
            _authority = request.CreateSelfSigned(now.AddDays(-1), now.AddDays(2));
            _client = Issue("CN=Test client", 2);
            using var server = Issue("CN=Test node", 1);
            File.WriteAllBytes(_directory.File("node.p12"), server.Export(X509ContentType.Pkcs12, StorePassword));
            File.WriteAllText(AuthorityFile, _authority.ExportCertificatePem());
            File.WriteAllText(ClientFile, _client.ExportCertificatePem() + "\n" + _client.GetRSAPrivateKey()!.ExportPkcs8PrivateKeyPem());
        }

        public string AuthorityFile => _directory.File("authority.pem");

        public string ClientFile => _directory.File("client.pem");

        internal CassandraNode Node => _node!;

        internal SslOptions Tls => new()
        {
            TrustedAuthorities = [X509CertificateLoader.LoadCertificate(_authority.RawData)],
            ClientCertificates = [_client],
        };

        internal ClusterBuilder Client(ClusterBuilder builder) => builder.WithCredentials("cassandra", "cassandra").WithSSL(Tls);

        internal async Task StartAsync(CassandraServers servers)
        {
            await _starting.WaitAsync();
            try
            {
                if (_node is not null)
                {
                    return;
                }

                // Java makes its own store of trusted authorities.
                var node = await servers.OwnAsync(settings => settings with
                {
                    Client = Client,
                    Settings = new Dictionary<string, JsonNode?>
                    {
                        ["authenticator"] = "PasswordAuthenticator",
                        ["authorizer"] = "CassandraAuthorizer",
                        ["client_encryption_options"] = new JsonObject
                        {
                            ["enabled"] = true,
                            ["require_client_auth"] = true,
                            ["keystore"] = _directory.File("node.p12"),
                            ["keystore_password"] = StorePassword,
                            ["truststore"] = _directory.File("trust.p12"),
                            ["truststore_password"] = StorePassword,
                            ["store_type"] = "PKCS12",
                            ["cipher_suites"] = new JsonArray("TLS_AES_256_GCM_SHA384", "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"),
                        },
                    },
                });
                await CassandraDistribution.RunAsync(
                    "keytool",
                    ["-importcert", "-noprompt", "-alias", "authority", "-file", AuthorityFile, "-keystore", _directory.File("trust.p12"), "-storetype", "PKCS12", "-storepass", StorePassword]);
                _node = node;
                await node.StartAsync();
            }
            finally
            {
                _starting.Release();
            }
        }

        public async ValueTask DisposeAsync()
        {
            if (_node is not null)
            {
                await _node.DisposeAsync();
            }

            _directory.Dispose();
        }

        private X509Certificate2 Issue(string name, byte serial)
        {
            using var key = RSA.Create(2048);
            var request = new CertificateRequest(name, key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
            var names = new SubjectAlternativeNameBuilder();
            names.AddIpAddress(System.Net.IPAddress.Loopback);
            request.CertificateExtensions.Add(names.Build());
            var now = TimeProvider.System.GetUtcNow();
            using var issued = request.Create(_authority, now.AddHours(-1), now.AddDays(1), [serial]);
            return issued.CopyWithPrivateKey(key);
        }
    }
}
