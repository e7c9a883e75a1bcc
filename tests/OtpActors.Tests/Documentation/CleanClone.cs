using System.Diagnostics;
using OtpActors.Hosting;
using OtpActors.Tests.Deployment;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.Documentation;

/// <summary>
/// A clone of what is committed here, and a shell in it: what somebody has who has just come. What a command says goes
/// into files: servers of the build that stay behind would hold a pipe open.
/// </summary>
internal sealed class CleanClone : IDisposable
{
    /// <summary>Only a failure takes as long.</summary>
    private static readonly TimeSpan Bound = TimeSpan.FromMinutes(5);

    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(50);

    private readonly TempDirectory _directory = new();
    private readonly string _bash = Repository.Require("bash");
    private int _commands;

    private CleanClone()
    {
    }

    public string Root => _directory.File("OtpActors");

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public static async Task<CleanClone> MakeAsync()
    {
        var git = Repository.Require("git");
        Repository.RequireThere(".git");
        var clone = new CleanClone();
        var settings = clone._directory.File("gitconfig");
        await File.WriteAllTextAsync(settings, "[safe]\n\tdirectory = *\n", Cancel); // where another user made the checkout
        var (exitCode, said) = await Repository.RunAsync(
            git, ["clone", "--quiet", Repository.Root, clone.Root], new Dictionary<string, string?> { ["GIT_CONFIG_GLOBAL"] = settings });
        exitCode.ShouldBe(0, said);
        return clone;
    }

    public string PathOf(string path) => Path.Combine(Root, path);

    public async Task<string> RunAsync(string command)
    {
        using var running = Start(command);
        await running.EndAsync();
        running.ExitCode.ShouldBe(0, $"{command}\n{running.Output}{running.Error}");
        return running.Output;
    }

    public Running Start(string command)
    {
        var number = ++_commands;
        var (output, error) = (_directory.File($"{number}.out"), _directory.File($"{number}.err"));
        var start = new ProcessStartInfo(_bash, ["-c", $"exec > '{output}' 2> '{error}' < /dev/null\n{command}"]) { WorkingDirectory = Root };
        foreach (var own in start.Environment.Keys.Where(key => key.StartsWith($"{OtpActorsOptions.Section}__", StringComparison.OrdinalIgnoreCase)).ToList())
        {
            start.Environment.Remove(own);
        }

        // The analyzers judge the same sources in the build of these tests.
        start.Environment["RunAnalyzers"] = "false";
        start.Environment["MSBUILDDISABLENODEREUSE"] = "1";
        start.Environment["OtpActors__Http__Url"] = "http://127.0.0.1:0"; // 8080 may be another's
        return new Running(Process.Start(start)!, command, output, error);
    }

    public void Dispose() => _directory.Dispose();

    /// <summary>A command that was started; it ends with the test.</summary>
    internal sealed class Running(Process process, string command, string output, string error) : IDisposable
    {
        public string Output => Read(output);

        public string Error => Read(error);

        public int ExitCode => process.ExitCode;

        public async Task EndAsync()
        {
            try
            {
                await process.WaitForExitAsync(Cancel).WaitAsync(Bound, Cancel);
            }
            catch (TimeoutException)
            {
                throw new TimeoutException($"'{command}' goes on after {Bound}: {Output}{Error}");
            }
        }

        public async Task UntilItSaysAsync(string text)
        {
            var began = Stopwatch.GetTimestamp();
            while (!Error.Contains(text, StringComparison.Ordinal))
            {
                process.HasExited.ShouldBeFalse($"'{command}' ended: {Output}{Error}");
                Stopwatch.GetElapsedTime(began).ShouldBeLessThan(Bound, $"'{command}' does not say '{text}': {Output}{Error}");
                await Task.Delay(PollInterval, Cancel);
            }
        }

        public void Dispose()
        {
            if (!process.HasExited)
            {
                process.Kill(entireProcessTree: true);
                process.WaitForExit();
            }

            process.Dispose();
        }

        private static string Read(string file)
        {
            if (!File.Exists(file))
            {
                return "";
            }

            using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            return new StreamReader(stream).ReadToEnd();
        }
    }
}
