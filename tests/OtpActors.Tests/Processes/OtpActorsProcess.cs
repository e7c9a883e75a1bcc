using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using OtpActors.Client;
using OtpActors.CommandLine;
using OtpActors.Domain.Runs;
using OtpActors.Hosting;
using Shouldly;

namespace OtpActors.Tests.Processes;

/// <summary>The built program, running. It ends with the test, whatever the test does.</summary>
internal sealed class OtpActorsProcess : IAsyncDisposable
{
    /// <summary>Only a failure waits as long as this, on however loaded a machine.</summary>
    public static readonly TimeSpan Bound = TimeSpan.FromSeconds(60);

    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(10);

    private readonly Process _process;
    private readonly string _commandLine;
    private readonly StringBuilder _error = new();
    private readonly Task<string> _output;
    private readonly Task _errorRead;

    private OtpActorsProcess(Process process, string commandLine)
    {
        (_process, _commandLine) = (process, commandLine);
        _output = process.StandardOutput.ReadToEndAsync();
        _errorRead = ReadErrorAsync();
    }

    public int Id => _process.Id;

    public bool HasExited => _process.HasExited;

    /// <param name="environment">Settings; what the tests' own environment says of them is left out.</param>
    public static OtpActorsProcess Start(
        string directory, IEnumerable<string> arguments, string? input = null,
        IReadOnlyDictionary<string, string>? environment = null)
    {
        var start = new ProcessStartInfo(Command[0], [.. Command.Skip(1), .. arguments])
        {
            WorkingDirectory = directory,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardOutputEncoding = Encoding.UTF8,
            StandardErrorEncoding = Encoding.UTF8,
        };
        OnlyOwnSettings(start.Environment);
        foreach (var (key, value) in environment ?? new Dictionary<string, string>())
        {
            start.Environment[key] = value;
        }

        var process = Process.Start(start) ?? throw new InvalidOperationException($"{DotnetHost} did not start.");
        process.StandardInput.Write(input);
        process.StandardInput.Close();
        return new OtpActorsProcess(process, $"OtpActors {string.Join(' ', arguments)}");
    }

    /// <summary>The command that starts the program, to be followed by its arguments.</summary>
    public static IReadOnlyList<string> Command => [DotnetHost, "exec", Program];

    /// <summary>Leaves out what the tests' own environment says of settings, and gives each service a port of its own.</summary>
    public static void OnlyOwnSettings(IDictionary<string, string?> environment)
    {
        foreach (var own in environment.Keys.Where(key => key.StartsWith($"{OtpActorsOptions.Section}__", StringComparison.OrdinalIgnoreCase)).ToList())
        {
            environment.Remove(own);
        }

        foreach (var own in new[] { ServiceTarget.ServerVariable, ServiceTarget.KeyVariable, ServiceTarget.KeyFileVariable })
        {
            environment.Remove(own);
        }

        environment[$"{OtpActorsOptions.Section}__Http__Url"] = "http://127.0.0.1:0";
    }

    public void Send(Signal signal) => Signals.Send(Id, signal);

    /// <summary>SIGKILL, where there are signals: no last words.</summary>
    public void Kill() => _process.Kill(entireProcessTree: true);

    public async Task<Ended> EndAsync(TimeSpan? within = null)
    {
        using var bound = new CancellationTokenSource(within ?? Bound);
        try
        {
            await _process.WaitForExitAsync(bound.Token);
        }
        catch (OperationCanceledException)
        {
            throw new TimeoutException($"'{_commandLine}' goes on after {within ?? Bound}. On standard error: {ErrorSoFar}");
        }

        var output = await _output;
        await _errorRead;
        return new Ended(_commandLine, _process.ExitCode, output, ErrorSoFar);
    }

    /// <summary>Waits for the condition, or for the process's end, whichever comes first.</summary>
    /// <returns>Whether the condition came.</returns>
    public async Task<bool> UntilAsync(Func<bool> condition)
    {
        var began = Stopwatch.GetTimestamp();
        while (!condition())
        {
            if (HasExited)
            {
                return false;
            }

            (Stopwatch.GetElapsedTime(began) < Bound).ShouldBeTrue($"'{_commandLine}' does not come to what is waited for: {ErrorSoFar}");
            await Task.Delay(PollInterval);
        }

        return true;
    }

    /// <returns>Whether it still runs after this time.</returns>
    public async Task<bool> StaysAsync(TimeSpan time)
    {
        await Task.Delay(time);
        return !HasExited;
    }

    public Task<bool> UntilItSaysAsync(string text) => UntilAsync(() => ErrorSoFar.Contains(text, StringComparison.Ordinal));

    public async ValueTask DisposeAsync()
    {
        if (!HasExited)
        {
            Kill();
        }

        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    public string ErrorSoFar
    {
        get
        {
            lock (_error)
            {
                return _error.ToString();
            }
        }
    }

    private async Task ReadErrorAsync()
    {
        var buffer = new char[4096];
        while (await _process.StandardError.ReadAsync(buffer) is var read and > 0)
        {
            lock (_error)
            {
                _error.Append(buffer, 0, read);
            }
        }
    }

    /// <summary>The host these tests run on: three levels above the runtime's directory.</summary>
    internal static string DotnetHost { get; } = Path.GetFullPath(Path.Combine(
        RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", "..", OperatingSystem.IsWindows() ? "dotnet.exe" : "dotnet"));

    /// <summary>
    /// The reference to the project brings the program, its settings and all it needs beside the tests. Those are looked
    /// for here: without them it would run, and be another program.
    /// </summary>
    internal static string Program { get; } = Require("OtpActors.runtimeconfig.json", "OtpActors.deps.json", "appsettings.json", "hocon/akka.conf", "OtpActors.dll");

    private static string Require(params string[] files)
    {
        foreach (var file in files)
        {
            File.Exists(Path.Combine(AppContext.BaseDirectory, file)).ShouldBeTrue($"{file} is not beside the tests");
        }

        return Path.Combine(AppContext.BaseDirectory, files[^1]);
    }
}

/// <summary>How a process ended, and what it said.</summary>
internal sealed record Ended(string CommandLine, int ExitCode, string Output, string Error)
{
    public IReadOnlyList<string> ErrorLines => Error.Split(Environment.NewLine, StringSplitOptions.RemoveEmptyEntries);

    /// <summary>Standard output as one JSON document: anything beside it is an error.</summary>
    public JsonElement Json
    {
        get
        {
            try
            {
                return JsonDocument.Parse(Output).RootElement;
            }
            catch (JsonException e)
            {
                throw new ShouldAssertException($"Standard output is not one JSON document: {e.Message} {this}");
            }
        }
    }

    /// <summary>Of a list.</summary>
    public IReadOnlyList<JsonElement> Items => [.. Json.GetProperty("items").EnumerateArray()];

    public RunReport Report => Json.Deserialize<RunReport>(Terminal.Json)!;

    public Ended ShouldExitWith(int exitCode)
    {
        ExitCode.ShouldBe(exitCode, ToString());
        return this;
    }

    /// <summary>What it says is for people: no stack.</summary>
    public Ended ShouldSay(params string[] texts)
    {
        foreach (var text in texts)
        {
            Error.ShouldContain(text, Case.Sensitive, ToString());
        }

        Error.ShouldNotContain("   at ", Case.Sensitive, ToString());
        Error.ShouldNotContain("Unhandled exception", Case.Sensitive, ToString());
        return this;
    }

    public override string ToString() => $"'{CommandLine}' exited with {ExitCode}.\nOut: {Output}\nErr: {Error}";
}
