using MongoDB.Bson;
using MongoDB.Driver;
using MongoDB.Driver.Core.Configuration;

namespace OtpActors.Infrastructure.Stores.Mongo;

/// <summary>
/// The collection, reached when it is first needed. Whatever goes wrong there comes out in the words of
/// <see cref="IOtpStore"/>. Methods can be called from any thread.
/// </summary>
internal sealed class MongoConnection : IDisposable
{
    private readonly Lock _lock = new();
    private readonly MongoOptions _options;
    private MongoClient? _client;
    private MongoClient? _patient;

    public MongoConnection(MongoOptions options)
    {
        _options = options;
        Where = $"MongoDB at {string.Join(',', new ConnectionString(options.ConnectionString.Reveal()).Hosts.Select(HostAndPort))}";
    }

    /// <summary>Which servers, for messages; without user and password.</summary>
    public string Where { get; }

    /// <exception cref="StoreUnavailableException">MongoDB is out.</exception>
    /// <exception cref="StoreSetupException">It cannot be used as it is set up.</exception>
    public Task<T> RunAsync<T>(Func<IMongoCollection<BsonDocument>, Task<T>> work, CancellationToken cancellationToken) =>
        RunAsync(work, isPatient: false, cancellationToken);

    /// <summary>The same for a command of which a server says nothing for minutes: an index that is built, a sorted collection.</summary>
    public Task<T> RunPatientlyAsync<T>(Func<IMongoCollection<BsonDocument>, Task<T>> work, CancellationToken cancellationToken) =>
        RunAsync(work, isPatient: true, cancellationToken);

    public void Dispose()
    {
        lock (_lock)
        {
            _client?.Dispose();
            _patient?.Dispose();
        }
    }

    private async Task<T> RunAsync<T>(
        Func<IMongoCollection<BsonDocument>, Task<T>> work, bool isPatient, CancellationToken cancellationToken)
    {
        MongoClient? client = null;
        try
        {
            client = Client(isPatient);
            return await work(client.GetDatabase(_options.Database).GetCollection<BsonDocument>(_options.Collection))
                .ConfigureAwait(false);
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested && MongoFailures.Explain(e, Where, client) is { } known)
        {
            Forget(client);
            throw known is StoreUnavailableException && client is not null
                && await MongoTlsProbe.ExplainAsync(Where, client, cancellationToken).ConfigureAwait(false) is { } mismatch ? mismatch : known;
        }
        catch (Exception e) when (cancellationToken.IsCancellationRequested && e is not OperationCanceledException)
        {
            throw new OperationCanceledException("The work with MongoDB was given up.", e, cancellationToken);
        }
    }

    /// <summary>A failure is not kept: what DNS does not know now it may know later.</summary>
    private MongoClient Client(bool isPatient)
    {
        lock (_lock)
        {
            return isPatient
                ? _patient ??= MongoClients.Create(_options.ConnectionString.Reveal(), isPatient: true)
                : _client ??= MongoClients.Create(_options.ConnectionString.Reveal(), isPatient: false);
        }
    }

    /// <summary>
    /// A client strikes servers of another replica set off its list and never looks at them again. One that has none left is
    /// given up (it holds no connection), so that the next call begins with the connection string once more.
    /// </summary>
    private void Forget(MongoClient? client)
    {
        if (client?.Cluster.Description.Servers.Count == 0)
        {
            lock (_lock)
            {
                _client = _client == client ? null : _client;
                _patient = _patient == client ? null : _patient;
            }
        }
    }

    private static string HostAndPort(System.Net.EndPoint endPoint) => endPoint switch
    {
        System.Net.DnsEndPoint dns => $"{dns.Host}:{dns.Port}",
        _ => $"{endPoint}",
    };
}
