using Microsoft.Data.Sqlite;
using MimeKit;
using OtpActors.Domain.Runs;
using OtpActors.Hosting;
using OtpActors.Infrastructure.Journal;
using OtpActors.Infrastructure.Storage;
using OtpActors.Infrastructure.Stores;

namespace OtpActors.Tests.Processes;

/// <summary>A working directory with a data directory in it, and what lies there after the program has run.</summary>
internal sealed class Workplace : IDisposable
{
    private readonly TempDirectory _directory = new();

    public Workplace() => Data = new DataContent(_directory.File("data"));

    public string Path => _directory.Path;

    /// <summary>Not made yet.</summary>
    public DataContent Data { get; }

    public string File(string name) => _directory.File(name);

    public string Write(string name, params string[] lines)
    {
        System.IO.File.WriteAllLines(File(name), lines);
        return name;
    }

    /// <summary>Starts the program on this data directory.</summary>
    public OtpActorsProcess Start(params string[] arguments) =>
        OtpActorsProcess.Start(Path, [.. arguments, "--data", Data.Root]);

    /// <param name="environment">Settings.</param>
    public OtpActorsProcess Start(IReadOnlyDictionary<string, string> environment, params string[] arguments) =>
        OtpActorsProcess.Start(Path, [.. arguments, "--data", Data.Root], environment: environment);

    public Task<Ended> RunAsync(params string[] arguments) => RunAsync(null, arguments);

    public Task<Ended> RunAsync(string? input, string[] arguments) =>
        RunBareAsync([.. arguments, "--data", Data.Root], input);

    /// <summary>Runs the program on nothing but these arguments.</summary>
    public async Task<Ended> RunBareAsync(
        string[] arguments, string? input = null, IReadOnlyDictionary<string, string>? environment = null)
    {
        await using var process = OtpActorsProcess.Start(Path, arguments, input, environment);
        return await process.EndAsync();
    }

    public void Dispose() => _directory.Dispose();
}

/// <summary>Looks into a data directory, beside a running program or after it.</summary>
internal sealed class DataContent(string root)
{
    public static readonly IReadOnlyDictionary<string, string> Groups = new Dictionary<string, string>
    {
        [StoreNames.Cassandra] = "cassandra_consumer_group",
        [StoreNames.Mongo] = "mongodb_consumer_group",
    };

    public string Root => root;

    public bool IsThere => Directory.Exists(root) || System.IO.File.Exists(root);

    public string File(string name) => Path.Combine(root, name);

    /// <summary>Records of all topics.</summary>
    public long TopicCount => Query("topic.db", "records", "SELECT count(*) FROM records", row => row.GetInt64(0)).SingleOrDefault();

    public long StoreCount(string store) =>
        Query($"{store}.db", TableOf(store), $"SELECT count(*) FROM {TableOf(store)}", row => row.GetInt64(0)).SingleOrDefault();

    public List<(string Email, string Otp)> Topic() => Query(
        "topic.db", "records", "SELECT CAST(key AS TEXT), CAST(value AS TEXT) FROM records ORDER BY partition, offset",
        row => (row.GetString(0), row.GetString(1)));

    /// <summary>The sum of the group's committed offsets: on a topic of one run alone, the records it has dealt with.</summary>
    public long Committed(string store) => CommittedOf(Groups[store]);

    public long CommittedOf(string group) => Query(
        "topic.db", "commits", $"SELECT total(next_offset) FROM commits WHERE consumer_group = '{group}'",
        row => (long)row.GetDouble(0)).SingleOrDefault();

    /// <summary>The headers of a topic's records, as text.</summary>
    public List<string> Headers(string topic) => Query(
        "topic.db", "records", $"SELECT CAST(headers AS TEXT) FROM records WHERE topic = (SELECT id FROM topics WHERE name = '{topic}')",
        row => row.GetString(0));

    /// <summary>Runs as they are listed now: how they are, by id.</summary>
    public Dictionary<string, RunPhase> Runs() => Query(
        "runs.db", "runs", "SELECT run_id, state FROM runs", row => (row.GetString(0), Enum.Parse<RunPhase>(row.GetString(1))))
        .ToDictionary(run => run.Item1, run => run.Item2);

    public async Task<List<(string Email, string Otp)>> StoreAsync(string store)
    {
        var rows = new List<(string, string)>();
        using var data = DataDirectory.OpenReadOnly(root);
        foreach (var own in EmbeddedStores.Open(new StoresOptions(), data, TimeProvider.System, readOnly: true))
        {
            await using (own)
            {
                if (own.Name == store)
                {
                    await foreach (var row in own.ScanAsync(CancellationToken.None))
                    {
                        rows.Add((row.Email.Value, row.Otp.Reveal()));
                    }
                }
            }
        }

        return rows;
    }

    /// <summary>The ids under which the journal holds anything at all.</summary>
    public List<string> JournaledRuns => Query(
        "journal.db", "journal", "SELECT persistence_id FROM journal WHERE persistence_id LIKE 'run-%' UNION SELECT persistence_id FROM snapshot",
        row => row.GetString(0));

    public async Task<IReadOnlyList<RunSummary>> RunsAsync()
    {
        if (!System.IO.File.Exists(File("runs.db")))
        {
            return [];
        }

        await using var runs = new SqliteRunCatalog(File("runs.db"), readOnly: true);
        return await runs.ListAsync(new RunFilter(100), CancellationToken.None);
    }

    public IReadOnlyList<string> MailFiles => Files("outbox", "*.eml");

    public IReadOnlyList<string> SlackFiles => Files("slack", "*.json");

    public List<MimeMessage> Mails() => [.. MailFiles.Select(file => MimeMessage.Load(file))];

    public string Logs => string.Concat(Files("logs", "*").Select(file =>
    {
        // A running service holds its log open.
        using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        return new StreamReader(stream).ReadToEnd();
    }));

    public static string TableOf(string store) => store == StoreNames.Cassandra ? "email_table" : "email_collection";

    private IReadOnlyList<string> Files(string directory, string pattern) =>
        Directory.Exists(File(directory)) ? [.. Directory.GetFiles(File(directory), pattern).Order(StringComparer.Ordinal)] : [];

    /// <summary>Nothing where the file or the table is not there yet.</summary>
    private List<T> Query<T>(string file, string table, string sql, Func<SqliteDataReader, T> read)
    {
        if (!System.IO.File.Exists(File(file)))
        {
            return [];
        }

        using var connection = new SqliteConnection(new SqliteConnectionStringBuilder
        {
            DataSource = File(file),
            Mode = SqliteOpenMode.ReadOnly,
            Pooling = false,
        }.ToString());
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = $"SELECT count(*) FROM sqlite_master WHERE name = '{table}'";
        if (command.ExecuteScalar() is 0L)
        {
            return [];
        }

        command.CommandText = sql;
        using var rows = command.ExecuteReader();
        var result = new List<T>();
        while (rows.Read())
        {
            result.Add(read(rows));
        }

        return result;
    }
}
