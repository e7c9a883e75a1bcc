using OtpActors.Domain.Runs;
using OtpActors.Hosting;
using OtpActors.Tests.Deployment;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.Documentation;

/// <summary><c>docs/tutorial.md</c> uses the names that are so by default.</summary>
public class TutorialSpecs
{
    private static readonly string Text = Repository.Text("docs/tutorial.md");

    [Fact]
    public void The_names_of_stores_topic_and_groups_are_the_defaults()
    {
        var options = new OtpActorsOptions();
        Text.ShouldContain($"FROM {options.Cassandra.Keyspace}.{options.Cassandra.Table} WHERE email = 'sample_email@my_email.com'");
        Text.ShouldContain($"/{options.Mongo.Database}\").{options.Mongo.Collection}.find({{ email: \"sample_email@my_email.com\" }}");
        Text.ShouldContain($"topic `{options.Topic.Name}`, {options.Topic.Partitions} partition, replication {options.Topic.ReplicationFactor}");
        Text.ShouldContain($"`{options.Stores.Cassandra.ConsumerGroup}`");
        Text.ShouldContain($"`{options.Stores.Mongo.ConsumerGroup}`");
        Text.ShouldContain($"`{options.Slack.Channel}`");
        Text.ShouldContain($"subject `{options.Mail.Subject}`");
    }

    [Fact]
    public void Every_step_is_named()
    {
        StepId.All.Count.ShouldBe(10);
        StepId.All.ShouldAllBe(step => Text.Contains($"`{step.Name}`", StringComparison.Ordinal));
    }

    [Fact]
    public void The_shells_sign_in_from_what_the_containers_hold()
    {
        Repository.Text("deploy/cassandra/start.sh").ShouldContain("credentials=${CREDENTIALS:-/tmp}");
        Text.ShouldContain("--credentials=/tmp/otpactors.credentials");
        new ComposeFile().Services["mongo"].Environment.Keys.ShouldContain("OTPACTORS_PASSWORD");
        Text.ShouldContain("process.env.OTPACTORS_PASSWORD");
    }
}
