<?php
$people = json_decode(file_get_contents(getenv('REHEARSAL_IDP') . '/people.json'), true);
$config = ['people' => ['exampleauth:UserPass'] + $people];
