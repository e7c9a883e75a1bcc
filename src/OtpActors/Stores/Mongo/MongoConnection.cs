using MongoDB.Bson;
using MongoDB.Driver;
using MongoDB.Driver.Core.Configuration;

namespace OtpActors.Stores.Mongo;

/// <summary>
/// The collection, reached when it is first needed. Whatever goes wrong there comes out in the words of
/// <see cref="IOtpStore"/>. Methods can be called from any thread.
/// </summary>
internal sealed class MongoConnection : IDisposable
{
    private readonly Lazy<MongoClient> _client;
    private readonly MongoOptions _options;

    public MongoConnection(MongoOptions options)
    {
        _options = options;
        Where = $"MongoDB at {string.Join(',', new ConnectionString(options.ConnectionString.Reveal()).Hosts.Select(HostAndPort))}";

        // A failure is not kept: what DNS does not know now it may know later.
        _client = new(() => MongoClients.Create(options.ConnectionString.Reveal()), LazyThreadSafetyMode.PublicationOnly);
    }

    /// <summary>Which servers, for messages; without user and password.</summary>
    public string Where { get; }

    public Task RunAsync(Func<IMongoCollection<BsonDocument>, Task> work, CancellationToken cancellationToken) => RunAsync(
        async collection =>
        {
            await work(collection).ConfigureAwait(false);
            return true;
        },
        cancellationToken);

    /// <exception cref="StoreUnavailableException">MongoDB is out.</exception>
    /// <exception cref="StoreSetupException">It cannot be used as it is set up.</exception>
    public async Task<T> RunAsync<T>(Func<IMongoCollection<BsonDocument>, Task<T>> work, CancellationToken cancellationToken)
    {
        MongoClient? client = null;
        try
        {
            client = _client.Value;
            return await work(client.GetDatabase(_options.Database).GetCollection<BsonDocument>(_options.Collection))
                .ConfigureAwait(false);
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested && MongoFailures.Explain(e, Where, client) is { } known)
        {
            throw known;
        }
        catch (Exception e) when (cancellationToken.IsCancellationRequested && e is not OperationCanceledException)
        {
            throw new OperationCanceledException("The work with MongoDB was given up.", e, cancellationToken);
        }
    }

    public void Dispose()
    {
        if (_client.IsValueCreated)
        {
            _client.Value.Dispose();
        }
    }

    private static string HostAndPort(System.Net.EndPoint endPoint) => endPoint switch
    {
        System.Net.DnsEndPoint dns => $"{dns.Host}:{dns.Port}",
        _ => $"{endPoint}",
    };
}
