namespace OtpActors.Hosting;
public sealed class DataDirectory : IDisposable
{
    public string Root { get; }
    public DataDirectory(string root) { Root = Path.GetFullPath(root); foreach (var d in new[]{Root, InputsDirectory, OutboxDirectory, SlackDirectory, LogsDirectory}) Directory.CreateDirectory(d); }
    public string TopicFile => Path.Combine(Root, "topic.db");
    public string StoreFile(string name) => Path.Combine(Root, name + ".db");
    public string JournalFile => Path.Combine(Root, "journal.db");
    public string RunsFile => Path.Combine(Root, "runs.db");
    public string InputsDirectory => Path.Combine(Root, "inputs");
    public string OutboxDirectory => Path.Combine(Root, "outbox");
    public string SlackDirectory => Path.Combine(Root, "slack");
    public string LogsDirectory => Path.Combine(Root, "logs");
    public void Dispose() { }
}
