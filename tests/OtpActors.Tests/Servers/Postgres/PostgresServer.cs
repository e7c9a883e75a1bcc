using System.Diagnostics;
using System.Globalization;
using Npgsql;
using OtpActors.Tests.Servers.Cassandra;

namespace OtpActors.Tests.Servers.Postgres;

/// <summary>A cluster of PostgreSQL in a directory of its own, on the loopback interface, with passwords.</summary>
internal sealed class PostgresServer : IAsyncDisposable
{
    public const string User = "otpactors_tests";
    public const string Password = "canary-p0stgres";

    private const string Address = "127.0.0.1";

    /// <summary>The server refuses to be root.</summary>
    private const string UnprivilegedUser = "postgres";

    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(60);

    private readonly TempDirectory _directory = new();
    private readonly int _port = Ports.Free(Address);
    private ServerProcess? _process;

    /// <summary>Of the database that every cluster has.</summary>
    public string ConnectionString => new NpgsqlConnectionStringBuilder
    {
        Host = Address,
        Port = _port,
        Username = User,
        Password = Password,
        Database = "postgres",
        Timeout = 5,
    }.ConnectionString;

    /// <summary>Null where a server can be started here.</summary>
    public static string? WhyMissing() => !OperatingSystem.IsLinux() ? "servers are started on Linux alone"
        : Binaries is null ? "PostgreSQL's initdb and postgres are not installed"
        : Environment.IsPrivilegedProcess && !UserExists() ? $"there is no user '{UnprivilegedUser}' to run it"
        : null;

    public static async Task<PostgresServer> StartAsync()
    {
        var server = new PostgresServer();
        try
        {
            await server.InitializeAsync();
            await server.StartAgainAsync();
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>After <see cref="StopAsync"/>: on the same port, with what it held.</summary>
    public async Task StartAgainAsync()
    {
        // Nothing here outlives the machine: no sync has to wait for its disk.
        _process = await ServerProcess.StartAsync(
            [.. AsUser, Binary("postgres"), "-D", Cluster, "-k", _directory.Path, "-h", Address, "-p", _port.ToString(CultureInfo.InvariantCulture),
                "-c", "fsync=off", "-c", "max_connections=50"],
            _directory.Path);
        var began = Stopwatch.GetTimestamp();
        while (!await AnswersAsync())
        {
            if (_process.HasExited || Stopwatch.GetElapsedTime(began) > Bound)
            {
                throw new InvalidOperationException($"PostgreSQL did not start: {_process.Output}");
            }

            await Task.Delay(TimeSpan.FromMilliseconds(50));
        }
    }

    /// <summary>Ends all its connections at once and leaves nothing to recover.</summary>
    public async Task StopAsync()
    {
        if (_process is { HasExited: false } process)
        {
            NpgsqlConnection.ClearAllPools();
            await RunAsync("/bin/kill", "-INT", process.Pid.ToString(CultureInfo.InvariantCulture));
            var began = Stopwatch.GetTimestamp();
            while (!process.HasExited && Stopwatch.GetElapsedTime(began) < Bound)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(20));
            }

            await process.DisposeAsync();
        }

        _process = null;
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _directory.Dispose();
    }

    private string Cluster => Path.Combine(_directory.Path, "cluster");

    private static string[] AsUser => Environment.IsPrivilegedProcess
        ? ["setpriv", $"--reuid={UnprivilegedUser}", $"--regid={UnprivilegedUser}", "--clear-groups"]
        : [];

    private async Task InitializeAsync()
    {
        var password = _directory.File("password");
        await File.WriteAllTextAsync(password, Password);
        if (Environment.IsPrivilegedProcess)
        {
            await RunAsync("chown", "-R", UnprivilegedUser, _directory.Path);
        }

        string[] initdb = [.. AsUser, Binary("initdb"), "-D", Cluster, "-U", User, "--pwfile", password, "-A", "scram-sha-256",
            "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"];
        await RunAsync(initdb[0], initdb[1..]);
    }

    private async Task<bool> AnswersAsync()
    {
        try
        {
            await using var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(ConnectionString) { Pooling = false }.ConnectionString);
            await connection.OpenAsync();
            return true;
        }
        catch (NpgsqlException)
        {
            return false;
        }
    }

    private static string? Binaries { get; } = new[] { "/usr/lib/postgresql" }.Where(Directory.Exists)
        .SelectMany(Directory.GetDirectories).Select(version => Path.Combine(version, "bin"))
        .Where(bin => File.Exists(Path.Combine(bin, "initdb")) && File.Exists(Path.Combine(bin, "postgres")))
        .OrderByDescending(bin => int.TryParse(Path.GetFileName(Path.GetDirectoryName(bin)), out var version) ? version : 0)
        .FirstOrDefault();

    private static string Binary(string name) => Path.Combine(Binaries!, name);

    private static bool UserExists() =>
        File.ReadLines("/etc/passwd").Any(line => line.StartsWith($"{UnprivilegedUser}:", StringComparison.Ordinal));

    private static async Task RunAsync(string file, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(file, arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = "/",
        })!;
        var (output, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync();
        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException($"{file} failed: {await output} {await error}");
        }
    }
}
