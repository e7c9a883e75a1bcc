using OtpActors.Cql;

// Connects to a node, makes a keyspace and a table, writes a row and reads it.
var contactPoint = args is [var given, ..] ? given : "localhost:9042";

// One cluster and one session for the whole process: they keep a connection to each node, for any number of threads.
await using var cluster = Cluster.Builder().AddContactPoint(contactPoint).WithQueryTimeout(30_000).Build();
ISession session;
try
{
    session = await cluster.ConnectAsync();
}
catch (DriverException failure)
{
    Console.Error.WriteLine(failure.Message);
    return 1;
}

Console.WriteLine($"connected to {string.Join(", ", cluster.AllHosts)} in {cluster.ProtocolVersion}");

// Tables are named with their keyspace. A change of the schema completes once all nodes have it.
await session.ExecuteAsync(
    "CREATE KEYSPACE IF NOT EXISTS sample WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}");
await session.ExecuteAsync("CREATE TABLE IF NOT EXISTS sample.people (email text PRIMARY KEY, name text, seen timestamp)");

// The servers parse a prepared query once, and its rows go straight to a node that keeps them.
var insert = await session.PrepareAsync("INSERT INTO sample.people (email, name, seen) VALUES (?, ?, ?)");
insert.SetIdempotence(true); // written twice it is the same row: it may be tried again after a time-out
await session.ExecuteVoidAsync(insert.Bind("jane@example.com", "Jane", TimeProvider.System.GetUtcNow()));

var select = await session.PrepareAsync("SELECT name, seen FROM sample.people WHERE email = ?");
using var rows = await session.ExecuteAsync(select.Bind("jane@example.com"));
await foreach (var row in rows)
{
    // A row lies in its page and is valid until the next one: take what you need.
    Console.WriteLine($"{row.GetValue<string>("name")}, seen {row.GetValue<DateTimeOffset>("seen"):u}");
}

return 0;
