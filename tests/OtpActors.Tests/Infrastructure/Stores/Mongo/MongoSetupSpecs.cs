using System.Collections.Concurrent;
using System.Security.Cryptography.X509Certificates;
using MongoDB.Bson;
using OtpActors.Domain.Records;
using OtpActors.Infrastructure.Stores;
using OtpActors.Infrastructure.Stores.Mongo;
using OtpActors.Tests.Servers.Mongo;
using OtpActors.Tests.Servers.Smtp;
using OtpActors.Tests.Support;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.Infrastructure.Stores.Mongo;

/// <summary>What passes is an outage, what somebody has to mend is said; on the double, which alone can do it at will.</summary>
public sealed class MongoSetupSpecs : IAsyncDisposable
{
    private const string Password = "pa55w0rd";
    private const string Quick = "serverSelectionTimeoutMS=600&heartbeatFrequencyMS=500";

    private readonly List<IAsyncDisposable> _open = [];

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask DisposeAsync()
    {
        foreach (var each in Enumerable.Reverse(_open))
        {
            await each.DisposeAsync();
        }
    }

    [Theory]
    [InlineData("saslStart", 91, "ShutdownInProgress")]
    [InlineData("saslContinue", 11600, "InterruptedAtShutdown")]
    [InlineData("saslStart", 133, "FailedToSatisfyReadPreference")]
    [InlineData("saslStart", 11602, "InterruptedDueToReplStateChange")]
    [InlineData("saslStart", 189, "PrimarySteppedDown")]
    [InlineData("saslStart", 10107, "NotWritablePrimary")]
    [InlineData("saslStart", 13435, "NotPrimaryNoSecondaryOk")]
    [InlineData("saslContinue", 13436, "NotPrimaryOrSecondary")]
    [InlineData("saslStart", 6, "HostUnreachable")]
    [InlineData("saslStart", 7, "HostNotFound")]
    [InlineData("saslStart", 89, "NetworkTimeout")]
    [InlineData("saslStart", 9001, "SocketException")]
    [InlineData("saslStart", 262, "ExceededTimeLimit")]
    [InlineData("saslStart", 50, "MaxTimeMSExpired")]
    [InlineData("saslStart", 4_711, "NeverHeardOf")]
    [InlineData("update", 91, "ShutdownInProgress")]
    [InlineData("update", 133, "FailedToSatisfyReadPreference")]
    [InlineData("update", 371, "UserWritesBlocked")]
    public async Task What_passes_by_itself_is_an_outage_in_a_log_in_too(string command, int code, string name)
    {
        var server = Start(MongoServer.Start(user: new MongoUser("otp", Password)));
        var store = Open($"{server.ConnectionString}&{Quick}");
        server.Fault = (each, _) => each == command ? new MongoFault.Refuse(code, name) : null;

        var outage = await Should.ThrowAsync<StoreUnavailableException>(() => WriteAsync(store).Eventually());
        outage.ToString().ShouldNotContain(Password);
        server.Fault = (_, _) => null;
        (await UntilBackAsync(store)).ShouldBe([WriteOutcome.Inserted]);
    }

    [Theory]
    [InlineData("saslStart", 18, "AuthenticationFailed", "the user or the password is wrong")]
    [InlineData("saslStart", 11, "UserNotFound", "the user or the password is wrong")]
    [InlineData("saslStart", 8000, "AtlasError", "MongoDB Atlas refuses it")]
    [InlineData("saslStart", 334, "MechanismUnavailable", "correct authMechanism")]
    [InlineData("saslStart", 2, "BadValue", "correct authMechanism")]
    [InlineData("createIndexes", 67, "CannotCreateIndex", "must have a shard key that begins the unique index")]
    [InlineData("createIndexes", 13, "Unauthorized", "the user may not do this")]
    [InlineData("createIndexes", 171, "CannotIndexParallelArrays", "arrays in both email and otp")]
    [InlineData("listIndexes", 148, "ReadConcernMajorityNotEnabled", "without enableMajorityReadConcern=false")]
    [InlineData("listIndexes", 166, "CommandNotSupportedOnView", "this is a view")]
    [InlineData("update", 61, "ShardKeyNotFound", "its shard key must be made of email")]
    [InlineData("update", 8000, "AtlasError", "MongoDB Atlas refuses it")]
    [InlineData("find", 148, "ReadConcernMajorityNotEnabled", "without enableMajorityReadConcern=false")]
    public async Task What_somebody_has_to_mend_says_what(string command, int code, string name, string says)
    {
        var server = Start(MongoServer.Start(user: new MongoUser("otp", Password)));
        var store = Open($"{server.ConnectionString}&{Quick}");
        server.Fault = (each, _) => each == command ? new MongoFault.Refuse(code, name) : null;

        var failure = await Should.ThrowAsync<StoreSetupException>(async () =>
        {
            await store.EnsureSchemaAsync(Cancellation).Eventually();
            await WriteAsync(store).Eventually();
            await store.FindAsync([EmailAddress.Parse("ann@example.com")], Cancellation).Eventually();
        });
        failure.Message.ShouldContain(says);
        failure.ToString().ShouldNotContain(Password);
    }

    [Theory]
    [InlineData(61, "its shard key must be made of email")]
    [InlineData(13, "the user may not do this")]
    public async Task What_is_said_of_each_statement_is_no_fault_of_the_record(int code, string says)
    {
        var server = Start(MongoServer.Start());
        var store = Open(server.ConnectionString);
        server.Fault = (each, _) => each == "update" ? new MongoFault.RefuseStatements(code) : null;

        (await Should.ThrowAsync<StoreSetupException>(() => WriteAsync(store).Eventually())).Message.ShouldContain(says);
    }

    [Theory]
    [InlineData("authSource=other", "authSource names another database")]
    [InlineData("authSource=admin", null)]
    public async Task A_user_is_known_in_its_own_database_only(string option, string? says)
    {
        var server = Start(MongoServer.Start(user: new MongoUser("otp", Password)));
        var store = Open($"{server.ConnectionString}&{option}&{Quick}");
        if (says is null)
        {
            (await WriteAsync(store)).ShouldBe([WriteOutcome.Inserted]);
            return;
        }

        (await Should.ThrowAsync<StoreSetupException>(() => WriteAsync(store).Eventually())).Message.ShouldContain(says);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public async Task A_replica_set_of_another_name_is_said(int members)
    {
        var server = Start(MongoServer.Start(members));
        var store = Open($"mongodb://{server.Hosts}/?replicaSet=rs7&{Quick}");

        for (var again = 0; again < 2; again++)
        {
            (await Should.ThrowAsync<StoreSetupException>(() => WriteAsync(store).Eventually())).Message
                .ShouldContain("no server there belongs to the replica set 'rs7'");
        }
    }

    [Fact]
    public async Task TLS_that_the_server_does_not_speak_is_said()
    {
        var server = Start(MongoServer.Start());
        var store = Open($"{server.ConnectionString}&tls=true&{Quick}");

        (await Should.ThrowAsync<StoreSetupException>(() => WriteAsync(store).Eventually())).Message
            .ShouldContain("the connection string asks for TLS, and the server speaks none");
    }

    [Fact]
    public async Task TLS_that_the_server_requires_is_said()
    {
        var server = Start(MongoServer.Start(certificate: Certificate("localhost")));
        var store = Open($"{server.ConnectionString}&{Quick}");

        (await Should.ThrowAsync<StoreSetupException>(() => WriteAsync(store).Eventually())).Message
            .ShouldContain("the server requires TLS, and the connection string does not ask for it: add tls=true");
    }

    [Fact]
    public async Task A_certificate_that_is_not_accepted_is_said_and_one_that_is_will_do()
    {
        var server = Start(MongoServer.Start(certificate: Certificate("localhost")));

        (await Should.ThrowAsync<StoreSetupException>(() => WriteAsync(Open($"{server.ConnectionString}&tls=true&{Quick}")).Eventually()))
            .Message.ShouldContain("the TLS handshake fails");
        (await WriteAsync(Open($"{server.ConnectionString}&tls=true&tlsInsecure=true"))).ShouldBe([WriteOutcome.Inserted]);
    }

    [Theory]
    [InlineData("")]
    [InlineData("&tls=true")]
    public async Task A_server_that_is_away_is_an_outage_and_no_mismatch(string more)
    {
        var server = Start(MongoServer.Start());
        var store = Open($"{server.ConnectionString}&{Quick}{more}");
        server.Stop();

        await Should.ThrowAsync<StoreUnavailableException>(() => WriteAsync(store).Eventually());
    }

    [Theory]
    [InlineData("readPreference=secondary&readConcernLevel=local&w=1&journal=false")]
    [InlineData("readPreference=nearest&readConcernLevel=available&w=0")]
    [InlineData("readPreference=secondaryPreferred")]
    public async Task What_the_promises_rest_on_is_not_left_to_the_connection_string(string options)
    {
        var server = Start(MongoServer.Start(members: 3));
        var seen = new ConcurrentQueue<BsonDocument>();
        server.Seen = command => seen.Enqueue((BsonDocument)command.DeepClone());
        var store = Open($"{server.ConnectionString}&{options}");
        await store.EnsureSchemaAsync(Cancellation).Eventually();
        await WriteAsync(store).Eventually();
        (await store.FindAsync([EmailAddress.Parse("ann@example.com")], Cancellation).Eventually()).Count.ShouldBe(1);

        var writes = seen.Where(command => command.Contains("updates")).ToList();
        writes.ShouldNotBeEmpty();
        writes.ShouldAllBe(command => command["writeConcern"]["w"] == "majority" && !command["writeConcern"].AsBsonDocument.Contains("j"));
        var reads = seen.Where(command => command.GetElement(0).Name == "find").ToList();
        reads.ShouldNotBeEmpty();
        reads.ShouldAllBe(command => command["readConcern"]["level"] == "majority" && !command.Contains("$readPreference"));
    }

    [Fact]
    public async Task An_index_and_a_repair_may_take_longer_than_other_commands()
    {
        var server = Start(MongoServer.Start());
        var store = Open($"{server.ConnectionString}&socketTimeoutMS=300&retryReads=false");
        var gate = new TaskCompletionSource();
        server.Fault = (name, _) => name is "createIndexes" or "find" ? new MongoFault.Hold(gate.Task) : null;
        var built = store.EnsureSchemaAsync(Cancellation);
        var sorted = store.FindDuplicatesAsync(remove: false, Cancellation);

        // By the time that ordinary commands have been given up twice, these still wait.
        for (var i = 0; i < 2; i++)
        {
            await Should.ThrowAsync<StoreUnavailableException>(
                () => store.FindAsync([EmailAddress.Parse("ann@example.com")], Cancellation).Eventually());
        }

        (built.IsCompleted, sorted.IsCompleted).ShouldBe((false, false));
        gate.SetResult();
        await built.Eventually();
        (await sorted.Eventually()).Identities.ShouldBe(0);
    }

    private MongoServer Start(MongoServer server)
    {
        _open.Add(server);
        return server;
    }

    private MongoStore Open(string connectionString)
    {
        var store = new MongoStore("mongo", new MongoOptions { ConnectionString = connectionString }, OnExisting.Skip, TimeProvider.System);
        _open.Add(store);
        return store;
    }

    private static X509Certificate2 Certificate(string name)
    {
        using var authority = new TestAuthority(name);
        return X509Certificate2.CreateFromPemFile(authority.CertificateFile, authority.KeyFile);
    }

    private static async Task<IReadOnlyList<WriteOutcome>> WriteAsync(MongoStore store) => (await store.WriteAsync(
        [new StoreRecord(EmailAddress.Parse("ann@example.com"), OneTimePassword.Parse("123"), new RecordOrigin("topic", 0, 0), default)],
        Cancellation)).Outcomes;

    private static async Task<IReadOnlyList<WriteOutcome>> UntilBackAsync(MongoStore store)
    {
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        bound.CancelAfter(TimeSpan.FromMinutes(1)); // far beyond what it takes
        while (true)
        {
            try
            {
                return await WriteAsync(store);
            }
            catch (StoreUnavailableException)
            {
                bound.Token.ThrowIfCancellationRequested();
            }
        }
    }
}
