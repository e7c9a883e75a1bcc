using OtpActors.Infrastructure.Storage;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.Infrastructure.Storage;

public sealed class DataDirectorySpecs : IDisposable
{
    private readonly TempDirectory _parent = new();

    private string Root => _parent.File("data");

    [Fact]
    public void Opening_makes_what_is_missing_for_its_user_alone()
    {
        var nested = Path.Combine(Root, "deep", "down");
        using var data = DataDirectory.Open(nested);

        data.Root.ShouldBe(nested);
        string[] directories = [data.InputsDirectory, data.OutboxDirectory, data.SlackDirectory, data.LogsDirectory];
        foreach (var directory in directories)
        {
            Directory.Exists(directory).ShouldBeTrue();
            if (!OperatingSystem.IsWindows())
            {
                File.GetUnixFileMode(directory)
                    .ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            }
        }
    }

    [Fact]
    public void A_second_opening_is_refused_and_names_the_process()
    {
        using var data = DataDirectory.Open(Root);

        Should.Throw<DataDirectoryException>(() => DataDirectory.Open(Root)).Message
            .ShouldBe($"{Root} is in use by process {Environment.ProcessId}: stop it or choose another --data");
    }

    [Fact]
    public void A_directory_is_free_again_once_it_is_let_go()
    {
        DataDirectory.Open(Root).Dispose();

        Should.NotThrow(() => DataDirectory.Open(Root).Dispose());
    }

    [Fact]
    public void Reading_takes_no_lock_and_makes_nothing()
    {
        DataDirectory.OpenReadOnly(Root).Dispose();
        Directory.Exists(Root).ShouldBeFalse();
        using var held = DataDirectory.Open(Root);
        using var reader = DataDirectory.OpenReadOnly(Root);

        reader.StoreFile("mongo").ShouldBe(held.StoreFile("mongo"));
    }

    [Fact]
    public void A_file_in_its_place_is_refused()
    {
        File.WriteAllText(Root, "");

        Should.Throw<DataDirectoryException>(() => DataDirectory.Open(Root)).Message.ShouldContain("is a file");
        Should.Throw<DataDirectoryException>(() => DataDirectory.OpenReadOnly(Root)).Message.ShouldContain("is a file");
    }

    [Fact]
    public void A_place_where_nothing_can_be_made_is_refused()
    {
        File.WriteAllText(Root, "");

        Should.Throw<DataDirectoryException>(() => DataDirectory.Open(Path.Combine(Root, "below"))).Message
            .ShouldContain("--data");
    }

    [Theory]
    [InlineData("")]
    [InlineData("a\0b")]
    public void What_is_no_path_is_refused(string path) =>
        Should.Throw<DataDirectoryException>(() => DataDirectory.Open(path)).Message.ShouldContain("is not a path");

    public void Dispose() => _parent.Dispose();
}
