using MongoDB.Bson;
using MongoDB.Driver;
using OtpActors.Domain.Runs;
using OtpActors.Infrastructure.Stores;
using OtpActors.Infrastructure.Stores.Mongo;
using OtpActors.Tests.Servers.Mongo;

namespace OtpActors.Tests.Infrastructure.Stores.Mongo;

/// <summary>
/// Stores of one test, in a database of its own: on the server that <c>OTPACTORS_TEST_MONGO</c> names, or else on a double
/// in this process. Who uses this promises what holds on either.
/// </summary>
internal sealed class MongoStores : IAsyncDisposable
{
    /// <summary>A connection string of a server whose databases <c>otpactors_test_*</c> are the tests'.</summary>
    public const string Variable = "OTPACTORS_TEST_MONGO";

    private readonly MongoServer? _double;
    private readonly MongoClient _client;

    public MongoStores()
    {
        var real = Environment.GetEnvironmentVariable(Variable);
        _double = string.IsNullOrEmpty(real) ? MongoServer.Start() : null;
        ConnectionString = _double?.ConnectionString ?? real!;
        _client = new MongoClient(Unshared(ConnectionString));
    }

    public string ConnectionString { get; }

    public string Database { get; } = $"otpactors_test_{Guid.NewGuid():N}";

    /// <summary>The collection as another program sees it.</summary>
    public IMongoCollection<BsonDocument> Collection => _client.GetDatabase(Database).GetCollection<BsonDocument>("email_collection");

    public MongoOptions Options => new() { ConnectionString = ConnectionString, Database = Database };

    public MongoStore Open(OnExisting onExisting = OnExisting.Skip, TimeProvider? time = null) =>
        new(StoreNames.Mongo, Options, onExisting, time ?? TimeProvider.System);

    /// <summary>Makes the collection refuse documents of this password, as a validator of its owner may.</summary>
    public Task RefuseAsync(string otp) =>
        CreateAsync(new BsonDocument("validator", new BsonDocument("otp", new BsonDocument("$ne", otp))));

    /// <summary>Makes the collection as its owner may have made it.</summary>
    public Task CreateAsync(BsonDocument options) => _client.GetDatabase(Database).RunCommandAsync<BsonDocument>(
        new BsonDocument("create", "email_collection").Merge(options));

    public async ValueTask DisposeAsync()
    {
        await _client.DropDatabaseAsync(Database);
        _client.Dispose();
        if (_double is not null)
        {
            await _double.DisposeAsync();
        }
    }

    /// <summary>Clients of equal settings share connections, and disposing one ends those of the others.</summary>
    private static MongoClientSettings Unshared(string connectionString)
    {
        var settings = MongoClientSettings.FromConnectionString(connectionString);
        var own = new object();
        settings.ClusterConfigurator = _ => GC.KeepAlive(own);
        return settings;
    }
}
