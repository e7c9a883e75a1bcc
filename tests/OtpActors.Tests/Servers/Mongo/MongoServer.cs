using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using MongoDB.Bson;

namespace OtpActors.Tests.Servers.Mongo;

/// <summary>
/// A replica set of MongoDB in this process, spoken to over its wire protocol on loopback: what the driver needs and the
/// store sends, with the semantics of the real thing, kept in memory. All members share one state, as if replication took
/// no time; so what a majority has acknowledged is what was written.
/// </summary>
/// <remarks>Faults are switched from any thread. Disposing ends all connections.</remarks>
internal sealed class MongoServer : IAsyncDisposable
{
    private readonly List<MongoMember> _members = [];
    private readonly Lock _lock = new();
    private int _primary;
    private bool _isHeadless;
    private int _term = 1;

    private MongoServer(MongoUser? user, X509Certificate2? certificate) => (User, Certificate) = (user, certificate);

    /// <summary>What it shows to clients, all of which must speak TLS; null takes those that do not.</summary>
    public X509Certificate2? Certificate { get; }

    /// <summary>Who may log in; null lets everybody do everything.</summary>
    public MongoUser? User { get; }

    public MongoState State { get; } = new();

    /// <summary>
    /// Comes before each command, those of the driver's own house-keeping among them, with its name and how many of that name
    /// came before; says what goes wrong with it.
    /// </summary>
    public Func<string, int, MongoFault?> Fault { get; set; } = (_, _) => null;

    /// <summary>Is shown each command of users as it came, on the connection's thread.</summary>
    public Action<BsonDocument> Seen { get; set; } = _ => { };

    /// <summary>Of the whole set; with the user, if there is one.</summary>
    public string ConnectionString => Connection(User is null ? "" : $"{User.Name}:{User.Password}@");

    public static MongoServer Start(int members = 1, MongoUser? user = null, X509Certificate2? certificate = null)
    {
        var server = new MongoServer(user, certificate);
        for (var i = 0; i < members; i++)
        {
            server._members.Add(MongoMember.Start(server));
        }

        return server;
    }

    /// <summary>One member that names the proxy as its own address, so that clients come to it there alone.</summary>
    public static MongoServer StartBehind(FaultProxy front)
    {
        var server = new MongoServer(user: null, certificate: null);
        server._members.Add(MongoMember.Start(server, front));
        return server;
    }

    public string Connection(string credentials) =>
        $"mongodb://{credentials}{Hosts}/?replicaSet=rs0";

    /// <summary>As a connection string lists them.</summary>
    public string Hosts => string.Join(',', _members.Select(member => member.Address));

    /// <summary>Another member becomes the primary; the old one refuses writes from now on, on open connections too.</summary>
    public void FailOver()
    {
        lock (_lock)
        {
            _primary = (_primary + 1) % _members.Count;
            _isHeadless = false;
            _term++;
        }
    }

    /// <summary>Nobody is primary until <see cref="FailOver"/>.</summary>
    public void StepDown()
    {
        lock (_lock)
        {
            _isHeadless = true;
        }
    }

    /// <summary>Ends every connection and refuses new ones, as a stopped process does.</summary>
    public void Stop() => _members.ForEach(member => member.Stop());

    /// <summary>Listens again, on the same ports.</summary>
    public void Restart() => _members.ForEach(member => member.Listen());

    public void DropConnections() => _members.ForEach(member => member.DropConnections());

    public bool IsPrimary(MongoMember member)
    {
        lock (_lock)
        {
            return !_isHeadless && _members[_primary] == member;
        }
    }

    /// <summary>What a member says of itself and the set.</summary>
    public BsonDocument Hello(MongoMember member)
    {
        lock (_lock)
        {
            var isPrimary = IsPrimary(member);
            var hello = new BsonDocument
            {
                { "helloOk", true },
                { "isWritablePrimary", isPrimary },
                { "ismaster", isPrimary },
                { "secondary", !isPrimary },
                { "setName", "rs0" },
                { "setVersion", 1 },
                { "hosts", new BsonArray(_members.Select(m => m.Address)) },
                { "me", member.Address },
                { "maxBsonObjectSize", MongoState.MaxDocumentBytes },
                { "maxMessageSizeBytes", 48_000_000 },
                { "maxWriteBatchSize", MongoState.MaxWriteBatch },
                { "logicalSessionTimeoutMinutes", 30 },
                { "minWireVersion", 0 },
                { "maxWireVersion", 21 },
                { "readOnly", false },
            };
            if (!_isHeadless)
            {
                hello.Add("primary", _members[_primary].Address);
            }

            if (isPrimary)
            {
                // Grows with the term: a driver believes no primary of an older one.
                hello.Add("electionId", ObjectId.Parse($"7fffffff{_term:x16}"));
            }

            return hello;
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var member in _members)
        {
            await member.DisposeAsync();
        }
    }
}

/// <summary>One member: a port and its connections.</summary>
internal sealed class MongoMember : IAsyncDisposable
{
    private readonly MongoServer _set;
    private readonly Lock _lock = new();
    private readonly HashSet<TcpClient> _open = [];
    private readonly List<Task> _work = [];
    private TcpListener? _listener;
    private readonly FaultProxy? _front;
    private int _port;
    private int _connections;

    private MongoMember(MongoServer set, FaultProxy? front) => (_set, _front) = (set, front);

    public string Address => $"127.0.0.1:{_front?.Port ?? _port}";

    public static MongoMember Start(MongoServer set, FaultProxy? front = null)
    {
        var member = new MongoMember(set, front);
        member.Listen();
        if (front is not null)
        {
            front.Target = member._port;
        }

        return member;
    }

    public void Listen()
    {
        var listener = new TcpListener(IPAddress.Loopback, _port);
        listener.Start();
        _port = ((IPEndPoint)listener.LocalEndpoint).Port;
        lock (_lock)
        {
            _listener = listener;
            _work.Add(AcceptAsync(listener));
        }
    }

    public void Stop()
    {
        lock (_lock)
        {
            _listener?.Dispose();
            _listener = null;
        }

        DropConnections();
    }

    public void DropConnections()
    {
        lock (_lock)
        {
            foreach (var client in _open)
            {
                client.Client.Close(timeout: 0); // a reset, not an orderly end
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        Stop();
        await Task.WhenAll(_work);
    }

    private async Task AcceptAsync(TcpListener listener)
    {
        try
        {
            while (true)
            {
                var client = await listener.AcceptTcpClientAsync();
                lock (_lock)
                {
                    if (_listener != listener)
                    {
                        client.Dispose();
                        continue;
                    }

                    _open.Add(client);
                    _work.RemoveAll(work => work.IsCompletedSuccessfully);
                    _work.Add(ServeAsync(client));
                }
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // stopped
        }
    }

    private async Task<Stream> SecureAsync(NetworkStream plain)
    {
        if (_set.Certificate is null)
        {
            return plain;
        }

        var tls = new SslStream(plain);
        await tls.AuthenticateAsServerAsync(_set.Certificate);
        return tls;
    }

    private async Task ServeAsync(TcpClient client)
    {
        await Task.Yield();
        try
        {
            client.NoDelay = true;
            await using var plain = client.GetStream();
            await using var stream = await SecureAsync(plain);
            await new MongoSession(_set, this, Interlocked.Increment(ref _connections), stream).ServeAsync();
        }
        catch (Exception e) when (e is IOException or SocketException or ObjectDisposedException or InvalidOperationException
            or AuthenticationException)
        {
            // The connection ended, by either side.
        }
        finally
        {
            lock (_lock)
            {
                _open.Remove(client);
            }

            client.Dispose();
        }
    }
}

/// <summary>What goes wrong with a command.</summary>
internal abstract record MongoFault
{
    /// <summary>The connection ends and the command is not done.</summary>
    public sealed record DropRequest : MongoFault;

    /// <summary>The command is done and the connection ends before the reply.</summary>
    public sealed record DropReply : MongoFault;

    /// <summary>The reply waits for this.</summary>
    public sealed record Hold(Task Until) : MongoFault;

    /// <summary>The command is not done; the reply is this error.</summary>
    public sealed record Refuse(int Code, string CodeName) : MongoFault;

    /// <summary>An update is not done; the reply is fine, with this error for each of its statements.</summary>
    public sealed record RefuseStatements(int Code) : MongoFault;

    /// <summary>The command is done; the reply says that no majority has it.</summary>
    public sealed record NoMajority : MongoFault;
}

/// <param name="Database">Where the user is kept: what authSource must name.</param>
internal sealed record MongoUser(string Name, string Password, string Database = "admin");
