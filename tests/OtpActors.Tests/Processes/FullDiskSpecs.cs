using System.Diagnostics;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.Processes;

/// <summary>A data directory whose disk is full for a while. Takes a right to mount: without it that is said, and skipped.</summary>
[Collection(OneAtATime.Name)]
public sealed class FullDiskSpecs : IDisposable
{
    private readonly Workplace _at = new();
    private bool _mounted;

    public void Dispose()
    {
        if (_mounted)
        {
            Run("umount", "-l", _at.Data.Root);
        }

        _at.Dispose();
    }

    [Fact]
    public async Task Readiness_sees_it_and_runs_go_on_by_themselves_when_there_is_room()
    {
        Mount();
        await using var service = await ServiceProcess.StartAsync(_at);
        var runId = (await service.PostAsync("/api/runs", """{"interval":"100ms","duration":"6s","notify":"none"}""")).ShouldBe(202)["runId"].GetString()!;
        await service.UntilAsync(runId, run => run["report"].GetProperty("produced").GetInt64() > 2);
        var filler = _at.Data.File("filler");
        Fill(filler);

        var ready = (await service.GetAsync("/healthz/ready")).ShouldBe(503);
        ready["checks"].GetProperty("data").GetProperty("detail").GetString()!.ShouldContain("is full");
        (await service.Process.UntilItSaysAsync("The journal cannot be written since")).ShouldBeTrue();
        (await service.PostAsync("/api/runs", "{}")).ShouldBeProblem(503, "not_now");

        File.Delete(filler);
        var done = await service.UntilAsync(runId, run => run.IsOver);
        done.State.ShouldBe("completed", done.Text);
        done["report"].GetProperty("steps").EnumerateArray().ShouldAllBe(step => step.GetProperty("attempts").GetInt32() <= 1);
        (await service.GetAsync("/healthz/ready")).ShouldBe(200);
    }

    private void Mount()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "a small disk can be mounted on Linux alone");
        Directory.CreateDirectory(_at.Data.Root);
        var (exit, says) = Run("mount", "-t", "tmpfs", "-o", "size=64m,mode=700", "tmpfs", _at.Data.Root);
        Assert.SkipUnless(exit == 0, $"a small disk cannot be mounted here: {says}");
        _mounted = true;
    }

    /// <summary>Until not a byte is left.</summary>
    private static void Fill(string file)
    {
        using var stream = new FileStream(file, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0);
        foreach (var size in new[] { 1 << 20, 4096, 1 })
        {
            try
            {
                while (true)
                {
                    stream.Write(new byte[size]);
                }
            }
            catch (IOException)
            {
                // smaller pieces may still fit
            }
        }
    }

    private static (int Exit, string Says) Run(string program, params string[] arguments)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true })!;
            var says = process.StandardError.ReadToEnd();
            process.WaitForExit();
            return (process.ExitCode, says.Trim());
        }
        catch (System.ComponentModel.Win32Exception e)
        {
            return (-1, e.Message);
        }
    }
}
